// A move to a new phone. Its secrets are not in the text form of these types.
package nod.logic

/** Which side of a move this phone is. */
enum class MoveSide { Old, New }

/** How far a move is. */
sealed interface MoveStage {
    /** Old phone: the QR code is shown. */
    data object Offered : MoveStage

    /** Old phone: a phone has scanned it; its code is to be typed here. */
    data object AwaitingCode : MoveStage

    /** New phone: the old phone's proof is awaited. */
    data object Joined : MoveStage

    /** New phone: this code of six digits is to be typed into the old phone. */
    data class CodeShown(val code: String) : MoveStage {
        override fun toString() = "CodeShown"
    }

    /** Accounts are moving. */
    data object Moving : MoveStage

    /** Nothing of it is under way any more. */
    data object Done : MoveStage

    /** It was ended on this phone. */
    data object Cancelled : MoveStage

    /** The other phone ended it. */
    data object OtherPhoneLeft : MoveStage

    /** The relay did not take it, or the other phone sent what the protocol does not allow. */
    data object Failed : MoveStage

    /** Whether nothing more of it happens. */
    val over: Boolean get() = this == Done || this == Cancelled || this == OtherPhoneLeft || this == Failed
}

/** How one account of a move stands. */
enum class MovingAccountState {
    /** The new phone has been told of it. */
    Announced,

    /** The login server's word is awaited; the old phone can still approve. */
    Authorised,

    /** Only the new phone can approve now. */
    Moved,

    /** The login server refused it: revoked, suspended, or gone to another phone. */
    Refused,

    /** The new phone cannot take it. */
    Impossible,
}

/** One account of a move. */
data class MovingAccount(val id: String, val serviceName: String, val label: String, val state: MovingAccountState)

/** A move. */
data class Move(
    val id: String,
    val side: MoveSide,
    val stage: MoveStage,
    /** What the other phone calls itself, once that is known. */
    val otherPhone: String?,
    val accounts: List<MovingAccount>,
    /** How many one-time codes travel along. */
    val codes: Int,
    /** Whether they have arrived: the old phone may offer to delete them then. */
    val codesArrived: Boolean,
) {
    val moved: Int get() = accounts.count { it.state == MovingAccountState.Moved }
}

/** The QR code of a move. */
data class MoveOffer(
    /** The text of the QR code: a secret, which must not reach the clipboard, a screenshot or the log. */
    val qr: String,
    /** How long it is good, in seconds. */
    val secondsLeft: Double,
) {
    override fun toString() = "MoveOffer(secondsLeft=$secondsLeft)"
}
