// What services ask, and how it ended.
package nod.logic

/** What a challenge is about, as the service signed it. Any part may be missing. */
data class Context(
    val application: String? = null,
    /** The domain that the user is signing in to. */
    val domain: String? = null,
    /** The address that asks. */
    val address: String? = null,
    val place: String? = null,
    /** The browser or device that asks. */
    val device: String? = null,
    val detail: String? = null,
)

/** One verified challenge that waits for the user. */
data class Pending(
    val id: String,
    /** The account that is asked. */
    val account: String,
    val serviceName: String,
    val serviceDomain: String?,
    /** What the user calls the account. */
    val label: String,
    val context: Context,
    /** How many digits the user copies from the login page: 0, 2 or 6. */
    val digits: Int,
    /** The whole time that the user has, in seconds. */
    val windowS: Double,
    /** How much of it was left when it was asked for, in seconds. */
    val secondsLeft: Double,
)

/** What became of an answer, by the login server's signed word. */
enum class AnswerOutcome {
    Approved,
    Denied,
    Reported,
    WrongNumber,
    Expired,
    Superseded,
    Conflict,
    Refused,
}

/** How a challenge ended, as far as this phone knows. */
sealed interface ChallengeEnd {
    /** Answered here, with the login server's word. */
    data class Answered(val outcome: AnswerOutcome) : ChallengeEnd

    /** Answered here; the login server's word has not come. */
    data object ApprovedUnconfirmed : ChallengeEnd
    data object DeniedUnconfirmed : ChallengeEnd
    data object ReportedUnconfirmed : ChallengeEnd

    /** A newer challenge replaced it. */
    data object Superseded : ChallengeEnd

    /** The login server withdrew it. */
    data object Cancelled : ChallengeEnd

    /** It was answered on another phone. */
    data object AnsweredElsewhere : ChallengeEnd
    data object Expired : ChallengeEnd
}

/** One past challenge. */
data class HistoryEntry(
    val id: String,
    val account: String,
    val serviceName: String,
    /** What the user called the account then. */
    val label: String,
    val context: Context,
    val end: ChallengeEnd,
    /** When it ended, in milliseconds since 1970. */
    val at: Long,
)
