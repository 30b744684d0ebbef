// Why a call of the phone failed: what a screen switches on.
package nod.logic

/** Why a call failed. A screen says it in its own words. */
sealed interface PhoneError {
    /** What the call is about is not there (any more). */
    data object NotFound : PhoneError

    /** An argument is not what the call takes: a programming mistake. */
    data class Malformed(val argument: String) : PhoneError

    /** The text is none that this app knows. */
    data object UnknownText : PhoneError
    data object DamagedText : PhoneError
    data object NewerText : PhoneError

    /** The QR code names a relay without encryption. */
    data object PlainRelay : PhoneError

    /** A one-time code has a setting that cannot be used; `detail` says which, in English. */
    data class UnusableCode(val detail: String) : PhoneError

    /** The user declined, failed to show that it is them, or let the prompt run out. */
    data object UserNotVerified : PhoneError

    /** The account must be added anew. */
    data object KeyUnusable : PhoneError
    data object KeyStoreUnavailable : PhoneError

    data object Expired : PhoneError
    data object AlreadyAnswered : PhoneError

    /** The number from the login page is missing, or has another length; 0 where none is asked for. */
    data class NumberLength(val digits: Int) : PhoneError

    /** The answer was signed, but no word on it came in time: it may count nevertheless. */
    data object Unconfirmed : PhoneError

    data object NoAnswer : PhoneError

    /** The QR code was used or has run out. */
    data object UsedUp : PhoneError
    data object RelayRefused : PhoneError

    /** Another running copy of this phone is connected. */
    data object Replaced : PhoneError

    /** What came does not come from the service that showed the QR code. */
    data object WrongService : PhoneError
    data object KnownAccount : PhoneError

    /** A wrong code, a second phone, or someone cancelled. */
    data object EnrolmentEnded : PhoneError

    data object NothingToMove : PhoneError
    data object NoRelay : PhoneError

    /** Another move is under way on this phone. */
    data object Busy : PhoneError

    /** What was typed is not six digits. That is no guess. */
    data object NotSixDigits : PhoneError

    /** The code is wrong, and the move has ended. */
    data object WrongCode : PhoneError

    /** Another phone has scanned the QR code, and the move has ended. */
    data object SecondPhone : PhoneError
    data object OtherPhoneLeft : PhoneError
    data object OtherPhoneBroken : PhoneError

    data object KnownCode : PhoneError
    data object TooMany : PhoneError
    data object CounterEnd : PhoneError
    data object BadName : PhoneError
    data object EmptyPassphrase : PhoneError
    data object WrongPassphrase : PhoneError
    data object NotABackup : PhoneError
    data object Damaged : PhoneError
    data object NewerVersion : PhoneError

    /** The phone's storage, or its source of randomness, failed. */
    data object Storage : PhoneError
}

/** What a call of the phone throws. */
class PhoneFailure(val error: PhoneError) : Exception(error.toString())
