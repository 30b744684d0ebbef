// Key agreement before Android 12, whose Keystore has none: the key is made in software and sealed by one of Keystore's.
package nod.app.keys

import java.io.File
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.security.spec.PKCS8EncodedKeySpec
import javax.crypto.KeyAgreement

private const val POINT = 65

/** Each key is a file in `directory`: its point of 65 bytes, then its private half, sealed. */
internal class SealedKeys(private val seal: Seal, private val directory: File) {
    fun has(name: String): Boolean = file(name).exists()

    /** Makes a key and gives its point. */
    fun create(name: String): ByteArray {
        val pair = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
        val point = pointOf(pair.public as ECPublicKey)
        val secret = pair.private.encoded
        writeWhole(file(name), point + seal.seal(secret, purpose(name)))
        secret.fill(0)
        return point
    }

    /** The point, or none where there is no such key. */
    fun publicKey(name: String): ByteArray? = readWhole(file(name))?.copyOf(POINT)

    /** The x-coordinate that ECDH with `peer` gives, or none where there is no such key. */
    fun agree(name: String, peer: ByteArray): ByteArray? {
        val kept = readWhole(file(name)) ?: return null
        val secret = seal.open(kept.copyOfRange(POINT, kept.size), purpose(name))
        val key: PrivateKey = KeyFactory.getInstance("EC").generatePrivate(PKCS8EncodedKeySpec(secret))
        secret.fill(0)
        val agreement = KeyAgreement.getInstance("ECDH")
        agreement.init(key)
        agreement.doPhase(keyOf(peer), true)
        return agreement.generateSecret()
    }

    fun delete(name: String) {
        file(name).delete()
    }

    private fun purpose(name: String) = "nod/enc/1/$name"

    // Names hold letters, digits, dots, hyphens and underscores only.
    private fun file(name: String) = File(directory, "key-$name")
}
