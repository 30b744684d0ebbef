// Points, and attestations as docs/protocol.md section 3 has them.
package nod.app.keys

import java.math.BigInteger
import java.security.KeyPairGenerator
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.security.spec.ECPoint
import java.util.Base64
import javax.crypto.KeyAgreement
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull
import kotlin.test.assertTrue

class KeyFormsTest {
    private fun pair() =
        KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()

    @Test
    fun `a point and its key are each other's`() {
        repeat(64) {
            val key = pair().public as ECPublicKey
            val point = pointOf(key)
            assertEquals(65, point.size)
            assertEquals(4, point[0])
            assertContentEquals(key.encoded, keyOf(point).encoded)
        }
    }

    @Test
    fun `short coordinates are filled up`() {
        val any = pair().public as ECPublicKey
        val short = object : ECPublicKey by any {
            override fun getW() = ECPoint(BigInteger.ONE, BigInteger.valueOf(256))
        }
        val point = pointOf(short)
        assertEquals(65, point.size)
        assertEquals(listOf<Byte>(1), point.slice(1..32).filter { it != 0.toByte() })
        assertEquals(1, point[63])
        assertEquals(0, point[64])
    }

    @Test
    fun `two keys agree through their points`() {
        val (a, b) = pair() to pair()
        fun secret(own: java.security.PrivateKey, peer: ByteArray) =
            KeyAgreement.getInstance("ECDH").apply { init(own); doPhase(keyOf(peer), true) }.generateSecret()
        val one = secret(a.private, pointOf(b.public as ECPublicKey))
        assertEquals(32, one.size)
        assertContentEquals(one, secret(b.private, pointOf(a.public as ECPublicKey)))
    }

    @Test
    fun `what is no uncompressed point is refused`() {
        val point = pointOf(pair().public as ECPublicKey)
        assertFailsWith<IllegalArgumentException> { keyOf(point.copyOf(64)) }
        assertFailsWith<IllegalArgumentException> { keyOf(point.copyOf().also { it[0] = 2 }) }
    }

    @Test
    fun `an attestation is the chain without its root, leaf first`() {
        val chain = listOf(byteArrayOf(1, 2), byteArrayOf(-1), byteArrayOf(9, 9, 9))
        assertEquals("android-key.AQI._w", attestationOf(chain))
    }

    @Test
    fun `a key that vouches for itself is no attestation`() {
        assertNull(attestationOf(emptyList()))
        assertNull(attestationOf(listOf(byteArrayOf(1))))
    }

    @Test
    fun `an attestation of more than 4096 characters is left out`() {
        val root = byteArrayOf(0)
        fun of(size: Int) = attestationOf(listOf(ByteArray(size), root))
        // "android-key." and four characters for each three bytes.
        assertEquals(4096, of(3063)?.length)
        assertNull(of(3064))
        assertTrue(Base64.getUrlDecoder().decode(of(3063)!!.substringAfter('.')).size == 3063)
    }
}
