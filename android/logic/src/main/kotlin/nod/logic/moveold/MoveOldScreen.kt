// A move, on the phone that the accounts leave.
package nod.logic.moveold

import nod.logic.Move
import nod.logic.MoveStage
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.secondsLeft
import nod.logic.then

/** How many digits the new phone shows. */
const val CODE_DIGITS = 6

/** How long the digits of a move that was resumed may still be good, at most. */
private const val LONGEST_S = 120.0

sealed interface MoveOldState {
    /** What the move does, before it begins. */
    data class Warning(val accounts: Int, val codes: Int) : MoveOldState

    /** The user is being verified, and the relay asked for a place to meet. */
    data object Opening : MoveOldState

    /** The new phone is to scan this. */
    data class Qr(val text: String, val deadline: Double, val now: Double) : MoveOldState {
        val left: Int get() = secondsLeft(deadline, now)

        override fun toString() = "Qr(left=$left)"
    }

    /** A phone has scanned it; the digits that it shows are to be typed here, once. */
    data class Code(
        val otherPhone: String?,
        val deadline: Double,
        val now: Double,
        val typed: String = "",
        val sending: Boolean = false,
        /** Whether the digits were right: the accounts begin to move. */
        val confirmed: Boolean = false,
        val error: PhoneError? = null,
    ) : MoveOldState {
        val left: Int get() = secondsLeft(deadline, now)
        val canConfirm: Boolean get() = !sending && typed.length == CODE_DIGITS

        override fun toString() = "Code(left=$left, sending=$sending, error=$error)"
    }

    /** `error`: why it stopped at an account, until it is tried again. */
    data class Moving(val move: Move, val error: PhoneError? = null) : MoveOldState

    /** `deleted`: how many one-time codes were deleted here, once they were. */
    data class Ended(
        val move: Move,
        val deleted: Int? = null,
        val deleting: Boolean = false,
        val error: PhoneError? = null,
    ) : MoveOldState {
        val canDelete: Boolean get() = move.codesArrived && move.codes > 0 && deleted == null && !deleting
    }

    data class Failed(val error: PhoneError) : MoveOldState
}

sealed interface MoveOldEvent {
    data class Opened(val accounts: Int, val codes: Int) : MoveOldEvent
    data class Resumed(val move: Move, val now: Double) : MoveOldEvent
    data object StartPressed : MoveOldEvent
    data class Offered(val qr: String, val secondsLeft: Double, val now: Double) : MoveOldEvent {
        override fun toString() = "Offered"
    }

    data class Joined(val move: Move, val now: Double) : MoveOldEvent
    data class DigitsTyped(val text: String) : MoveOldEvent {
        override fun toString() = "DigitsTyped"
    }

    data object ConfirmPressed : MoveOldEvent
    data object Confirmed : MoveOldEvent
    data class Progress(val move: Move) : MoveOldEvent
    data class FailedWith(val error: PhoneError) : MoveOldEvent
    data class Tick(val now: Double) : MoveOldEvent
    data object CancelPressed : MoveOldEvent

    /** What the user cancelled has ended. */
    data object Cancelled : MoveOldEvent
    data object DeleteCodesPressed : MoveOldEvent
    data class CodesDeleted(val count: Int) : MoveOldEvent
    data object AgainPressed : MoveOldEvent
    data object ClosePressed : MoveOldEvent
}

sealed interface MoveOldEffect {
    data object Offer : MoveOldEffect
    data object WaitJoined : MoveOldEffect
    data class Confirm(val code: String) : MoveOldEffect {
        override fun toString() = "Confirm"
    }

    data object Finish : MoveOldEffect
    data object LoadMove : MoveOldEffect
    data object Cancel : MoveOldEffect

    /** Cancels what is left of an earlier move; the screen stays. */
    data object Forget : MoveOldEffect
    data object DeleteCodes : MoveOldEffect
    data object Close : MoveOldEffect
}

/** What follows an event. */
fun reduce(state: MoveOldState, event: MoveOldEvent): Next<MoveOldState, MoveOldEffect> = when (event) {
    is MoveOldEvent.Opened -> MoveOldState.Warning(event.accounts, event.codes).then()
    is MoveOldEvent.Resumed -> resumed(event.move, event.now)
    MoveOldEvent.StartPressed ->
        if (state is MoveOldState.Warning) MoveOldState.Opening.then(MoveOldEffect.Offer) else state.then()
    is MoveOldEvent.Offered ->
        if (state != MoveOldState.Opening) state.then()
        else MoveOldState.Qr(event.qr, event.now + event.secondsLeft, event.now).then(MoveOldEffect.WaitJoined)
    is MoveOldEvent.Joined ->
        if (state is MoveOldState.Qr) MoveOldState.Code(event.move.otherPhone, state.deadline, event.now).then()
        else state.then()
    is MoveOldEvent.DigitsTyped ->
        if (state !is MoveOldState.Code || state.sending) state.then()
        else state.copy(typed = event.text.filter { it in '0'..'9' }.take(CODE_DIGITS), error = null).then()
    MoveOldEvent.ConfirmPressed -> confirmed(state)
    MoveOldEvent.Confirmed ->
        if (state !is MoveOldState.Code) state.then()
        else state.copy(confirmed = true).then(MoveOldEffect.Finish, MoveOldEffect.LoadMove)
    is MoveOldEvent.Progress -> progressed(state, event.move)
    is MoveOldEvent.FailedWith -> failed(state, event.error)
    is MoveOldEvent.Tick -> when (state) {
        is MoveOldState.Qr -> state.copy(now = event.now).then()
        is MoveOldState.Code -> state.copy(now = event.now).then()
        else -> state.then()
    }
    MoveOldEvent.CancelPressed -> cancelled(state)
    MoveOldEvent.Cancelled -> if (state is MoveOldState.Moving) state.then(MoveOldEffect.LoadMove) else closed(state)
    MoveOldEvent.DeleteCodesPressed ->
        if (state is MoveOldState.Ended && state.canDelete) {
            state.copy(deleting = true, error = null).then(MoveOldEffect.DeleteCodes)
        } else {
            state.then()
        }
    is MoveOldEvent.CodesDeleted ->
        if (state is MoveOldState.Ended) state.copy(deleted = event.count, deleting = false).then() else state.then()
    MoveOldEvent.AgainPressed -> when {
        state is MoveOldState.Failed -> MoveOldState.Opening.then(MoveOldEffect.Offer)
        state is MoveOldState.Moving && state.error != null -> state.copy(error = null).then(MoveOldEffect.Finish)
        else -> state.then()
    }
    MoveOldEvent.ClosePressed -> closed(state)
}

private fun closed(state: MoveOldState): Next<MoveOldState, MoveOldEffect> = state.then(MoveOldEffect.Close)

/** A move that was under way when the app ended. A QR code that was shown then is gone. */
private fun resumed(move: Move, now: Double): Next<MoveOldState, MoveOldEffect> = when (move.stage) {
    MoveStage.AwaitingCode -> MoveOldState.Code(move.otherPhone, now + LONGEST_S, now).then()
    MoveStage.Offered -> MoveOldState.Failed(PhoneError.Expired).then(MoveOldEffect.Forget)
    else -> if (move.stage.over) MoveOldState.Ended(move).then() else MoveOldState.Moving(move).then(MoveOldEffect.Finish)
}

private fun confirmed(state: MoveOldState): Next<MoveOldState, MoveOldEffect> =
    if (state !is MoveOldState.Code || !state.canConfirm) state.then()
    else state.copy(sending = true, error = null).then(MoveOldEffect.Confirm(state.typed))

private fun progressed(state: MoveOldState, move: Move): Next<MoveOldState, MoveOldEffect> {
    // Before the digits were right, whoever waits for the other phone says how it ended.
    val begun = state is MoveOldState.Moving || (state is MoveOldState.Code && state.confirmed)
    return when {
        !begun -> state.then()
        move.stage.over -> MoveOldState.Ended(move).then()
        else -> MoveOldState.Moving(move, (state as? MoveOldState.Moving)?.error).then()
    }
}

private fun failed(state: MoveOldState, error: PhoneError): Next<MoveOldState, MoveOldEffect> = when (state) {
    is MoveOldState.Code -> when {
        state.confirmed -> state.then(MoveOldEffect.LoadMove)
        error == PhoneError.NotSixDigits -> state.copy(sending = false, error = error).then()
        else -> MoveOldState.Failed(error).then()
    }
    is MoveOldState.Ended -> state.copy(deleting = false, error = error).then()
    // What has moved is told account by account, also when the rest has not.
    is MoveOldState.Moving -> state.copy(error = error).then(MoveOldEffect.LoadMove)
    is MoveOldState.Failed -> state.then()
    is MoveOldState.Warning, MoveOldState.Opening, is MoveOldState.Qr -> MoveOldState.Failed(error).then()
}

private fun cancelled(state: MoveOldState): Next<MoveOldState, MoveOldEffect> = when (state) {
    is MoveOldState.Warning, is MoveOldState.Ended, is MoveOldState.Failed -> closed(state)
    MoveOldState.Opening, is MoveOldState.Qr, is MoveOldState.Code, is MoveOldState.Moving ->
        state.then(MoveOldEffect.Cancel)
}
