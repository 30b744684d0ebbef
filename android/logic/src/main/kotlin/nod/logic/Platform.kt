// What the phone needs from the platform under it: keys, wake-ups, a log.
package nod.logic

/** What a key may be used for, fixed when it is created. */
enum class KeyKind {
    /** Signs approvals and moves: the user is verified for each use, by hardware where there is any. */
    Approve,

    /** Signs denials and reports: never asks for the user, and outlives a newly enrolled fingerprint. */
    Deny,

    /** Agrees (ECDH) to open challenges: never asks for the user. */
    Enc,

    /** Signs the hello to a relay: never asks for the user. */
    Channel,
}

/** What an `Approve` key is about to be used for, so that the prompt can say it. */
sealed interface PromptReason {
    /** The key does not ask. */
    data object Silent : PromptReason
    data object Enrol : PromptReason
    data class Approve(val service: String) : PromptReason
    data object OfferMove : PromptReason
    data class MoveAway(val service: String) : PromptReason
    data class TakeOver(val service: String) : PromptReason
}

/** A key that was made: its uncompressed point of 65 bytes, and the platform's attestation where there is one. */
class CreatedKey(val publicKey: ByteArray, val attestation: String?)

/** Why a platform could not create or use a key. */
enum class KeyError {
    Missing,
    Exists,

    /** The user declined, failed to show that it is them, or let the prompt run out. */
    UserNotVerified,

    /** The platform made the key unusable, as when a fingerprint was enrolled anew. */
    Invalidated,
    Unavailable,
}

/** What [PlatformKeys] throws. */
class KeyFailure(val error: KeyError) : Exception(error.name)

/**
 * Where private keys live. Calls come from a thread that may block, never from the one that draws; `sign` with an
 * `Approve` key blocks while the user is asked.
 */
interface PlatformKeys {
    /** Makes a fresh P-256 key, durable when this returns. `attestTo`: 32 bytes that an attestation is to cover. */
    fun create(name: String, kind: KeyKind, attestTo: ByteArray?): CreatedKey

    /** 65 bytes, uncompressed. */
    fun publicKey(name: String): ByteArray

    /** An ECDSA signature over the SHA-256 digest of `message`, in DER. */
    fun sign(name: String, message: ByteArray, reason: PromptReason): ByteArray

    /** The 32 bytes that ECDH with `peer` (65 bytes) gives. */
    fun agree(name: String, peer: ByteArray): ByteArray

    /** Deletes a key; one that is not there is fine. */
    fun delete(name: String)

    /** Whether each use of an `Approve` key verifies the user. */
    fun verifiesUser(): Boolean

    /** Whether [create] gives attestations. */
    fun attests(): Boolean
}

/** What a relay can wake a phone up with. */
data class WakeChoice(
    /** The relay that asks, `host[:port]`; each may need a registration of its own. */
    val relay: String,
    /** UnifiedPush and Web Push: the VAPID key to subscribe with, base64url of 65 bytes. */
    val webPush: String?,
    /** FCM: the project whose tokens the relay can use. */
    val fcm: String?,
)

/** Where this app is woken up. Its text form shows nothing of it. */
sealed interface WakeToken {
    class WebPush(val endpoint: String, val p256dh: String, val auth: String) : WakeToken
    class Fcm(val token: String) : WakeToken
}

/** Knows where the platform wakes this app up. It answers with what it has by now. */
fun interface WakeTokens {
    /** The token for one relay, out of what it offers; none when this phone is not to be woken by it. */
    fun token(choice: WakeChoice): WakeToken?
}

/** How grave a line of the log is. */
enum class LogLevel { Error, Warning, Info, Debug }

/** The platform's log. May be called from any thread. */
fun interface LogSink {
    fun log(level: LogLevel, target: String, message: String)
}
