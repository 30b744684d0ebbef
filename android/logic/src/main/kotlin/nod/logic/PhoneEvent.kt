// What happens to the phone, as one ordered stream.
package nod.logic

/** One event. It says what to look at again; what there is to show is asked for. */
sealed interface PhoneEvent {
    /** A relay is connected. */
    data class Online(val relay: String) : PhoneEvent

    /** A connection ended or could not be made; without `retryInS` there will be no further attempt. */
    data class Offline(val relay: String, val reason: OfflineReason, val retryInS: Double?) : PhoneEvent

    /** A challenge waits for the user. */
    data class Challenge(val id: String) : PhoneEvent

    /** A challenge ended without an answer from this phone. */
    data class ChallengeGone(val id: String, val end: ChallengeEnd) : PhoneEvent

    /** The login server's word on this phone's answer. */
    data class Decided(val id: String, val outcome: AnswerOutcome) : PhoneEvent

    /** An answer could not be handed over. */
    data class AnswerRefused(val id: String) : PhoneEvent
    data class AccountAdded(val id: String) : PhoneEvent

    /** An enrolment ended without an account. */
    data class EnrolmentFailed(val id: String, val error: PhoneError) : PhoneEvent

    /** An account and its keys are gone. */
    data class AccountRemoved(val id: String, val end: AccountEnd) : PhoneEvent

    /** Something else about an account changed. */
    data class AccountChanged(val id: String) : PhoneEvent

    /** Something of the move changed. */
    data object MoveChanged : PhoneEvent

    /** The move is over; without an error it is done. */
    data class MoveEnded(val error: PhoneError?) : PhoneEvent

    /** An enrolment's code can be shown. */
    data class EnrolmentVerified(val id: String) : PhoneEvent

    /** Events were missed: look at everything again. */
    data object Missed : PhoneEvent
}
