// Keys and attestations in the forms that the core takes.
package nod.app.keys

import java.math.BigInteger
import java.security.KeyFactory
import java.security.PublicKey
import java.security.interfaces.ECPublicKey
import java.security.spec.X509EncodedKeySpec
import java.util.Base64

/** Bytes of a coordinate on P-256. */
private const val COORDINATE = 32

/** Bytes of an uncompressed point: 4, x, y. */
private const val POINT = 1 + 2 * COORDINATE

/** The longest attestation, in characters (docs/protocol.md section 3). */
private const val LONGEST_ATTESTATION = 4096

/** What stands before the point in the DER of a public key on P-256 (RFC 5480). */
private val POINT_HEADER = byteArrayOf(
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86.toByte(), 0x48, 0xce.toByte(), 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86.toByte(), 0x48, 0xce.toByte(), 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
)

/** The uncompressed point of a key on P-256: 65 bytes. */
fun pointOf(key: ECPublicKey): ByteArray =
    byteArrayOf(4) + coordinate(key.w.affineX) + coordinate(key.w.affineY)

/** The key of an uncompressed point of 65 bytes. */
fun keyOf(point: ByteArray): PublicKey {
    require(point.size == POINT && point[0] == 4.toByte()) { "not an uncompressed point of P-256" }
    return KeyFactory.getInstance("EC").generatePublic(X509EncodedKeySpec(POINT_HEADER + point))
}

/**
 * A chain of certificates (DER, leaf first, root last) as an attestation: all but the root's. None where the key vouches
 * for itself alone, or where it would be too long.
 */
fun attestationOf(chain: List<ByteArray>): String? {
    if (chain.size < 2) return null
    val coder = Base64.getUrlEncoder().withoutPadding()
    val text = chain.dropLast(1).joinToString(separator = "", prefix = "android-key") { "." + coder.encodeToString(it) }
    return text.takeIf { it.length <= LONGEST_ATTESTATION }
}

private fun coordinate(number: BigInteger): ByteArray {
    val bytes = number.toByteArray()
    val fixed = ByteArray(COORDINATE)
    // The shortest form may have a leading nought for the sign, or be shorter than the coordinate.
    val kept = minOf(bytes.size, COORDINATE)
    bytes.copyInto(fixed, COORDINATE - kept, bytes.size - kept)
    return fixed
}
