// The keys of a Web Push subscription (RFC 8291 section 2).
package nod.app.wake

import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.Base64
import java.util.UUID
import nod.app.keys.pointOf

private const val AUTH = 16

/**
 * A fresh registration for a relay. The private half of its key is thrown away at once: a wake-up says nothing, so there is
 * nothing to open, and whoever relays it cannot read even that.
 */
fun freshRegistration(relay: String, vapid: String, distributor: String): Registration {
    val pair = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
    val auth = ByteArray(AUTH).also { SecureRandom().nextBytes(it) }
    val coder = Base64.getUrlEncoder().withoutPadding()
    return Registration(
        relay = relay,
        token = UUID.randomUUID().toString(),
        distributor = distributor,
        vapid = vapid,
        p256dh = coder.encodeToString(pointOf(pair.public as ECPublicKey)),
        auth = coder.encodeToString(auth),
    )
}
