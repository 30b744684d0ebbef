// The user's accounts at services, and the connections to the relays that carry their challenges.
package nod.logic

/** One account of the user at one service. */
data class Account(
    val id: String,
    /** The service's name as it was pinned at enrolment. */
    val serviceName: String,
    /** The service's verified domain as it was pinned at enrolment. */
    val domain: String?,
    /** What the user calls the account. */
    val label: String,
    /** The relay that carries its challenges, `host[:port]`. */
    val relay: String,
    /** Whether the service verifies answers itself; otherwise the relay does. */
    val verifiesItself: Boolean,
    /** The thumbprint of the key under which the service asks to verify answers itself, where it asks. */
    val asksToVerifyItself: String?,
    /** When it was added, in milliseconds since 1970. */
    val created: Long,
)

/** Why an account is gone. */
enum class AccountEnd { User, Revoked, Moved }

/** How the connection to one relay stands. */
data class Relay(
    /** `host[:port]`. */
    val relay: String,
    val online: Boolean,
    /** Seconds until the next attempt, while it waits. */
    val retryInS: Double?,
    /** Whether another copy of this phone took over. */
    val replaced: Boolean,
)

/** Why there is no connection to a relay. */
enum class OfflineReason { Unreachable, Untrusted, Draining, Replaced, Protocol, Asked }
