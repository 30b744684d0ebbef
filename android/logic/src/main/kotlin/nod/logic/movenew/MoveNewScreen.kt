// A move, on the phone that the accounts come to.
package nod.logic.movenew

import nod.logic.Move
import nod.logic.MoveStage
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.root.Route
import nod.logic.then

sealed interface MoveNewState {
    /** The old phone is asked to prove itself. */
    data object Joining : MoveNewState

    /** These digits are to be typed into the old phone. */
    data class CodeShown(val code: String, val otherPhone: String?) : MoveNewState {
        override fun toString() = "CodeShown"
    }

    /** `error`: why it stopped at an account, until it is tried again. */
    data class Moving(val move: Move, val error: PhoneError? = null) : MoveNewState
    data class Ended(val move: Move) : MoveNewState
    data class Failed(val error: PhoneError) : MoveNewState
}

sealed interface MoveNewEvent {
    data class Opened(val text: String) : MoveNewEvent {
        override fun toString() = "Opened"
    }

    data class Resumed(val move: Move) : MoveNewEvent
    data class Joined(val move: Move) : MoveNewEvent
    data class Progress(val move: Move) : MoveNewEvent
    data class FailedWith(val error: PhoneError) : MoveNewEvent
    data object CancelPressed : MoveNewEvent

    /** What the user cancelled has ended. */
    data object Cancelled : MoveNewEvent
    data object AgainPressed : MoveNewEvent
    data object ClosePressed : MoveNewEvent
}

sealed interface MoveNewEffect {
    data class Join(val text: String) : MoveNewEffect {
        override fun toString() = "Join"
    }

    data object Finish : MoveNewEffect
    data object LoadMove : MoveNewEffect
    data object Cancel : MoveNewEffect
    data class Open(val route: Route) : MoveNewEffect
    data object Close : MoveNewEffect
}

/** What follows an event. */
fun reduce(state: MoveNewState, event: MoveNewEvent): Next<MoveNewState, MoveNewEffect> = when (event) {
    is MoveNewEvent.Opened -> MoveNewState.Joining.then(MoveNewEffect.Join(event.text))
    is MoveNewEvent.Resumed -> at(event.move).then(MoveNewEffect.Finish)
    is MoveNewEvent.Joined ->
        if (state != MoveNewState.Joining) state.then() else at(event.move).then(MoveNewEffect.Finish)
    is MoveNewEvent.Progress -> progressed(state, event.move).then()
    is MoveNewEvent.FailedWith -> failed(state, event.error)
    MoveNewEvent.CancelPressed -> when (state) {
        MoveNewState.Joining, is MoveNewState.CodeShown, is MoveNewState.Moving -> state.then(MoveNewEffect.Cancel)
        is MoveNewState.Ended, is MoveNewState.Failed -> state.then(MoveNewEffect.Close)
    }
    MoveNewEvent.Cancelled ->
        if (state is MoveNewState.Moving) state.then(MoveNewEffect.LoadMove) else state.then(MoveNewEffect.Close)
    MoveNewEvent.AgainPressed -> when {
        state is MoveNewState.Failed -> state.then(MoveNewEffect.Open(Route.Scan()))
        state is MoveNewState.Moving && state.error != null -> state.copy(error = null).then(MoveNewEffect.Finish)
        else -> state.then()
    }
    MoveNewEvent.ClosePressed -> state.then(MoveNewEffect.Close)
}

/** How a move looks by its stage alone. */
private fun at(move: Move): MoveNewState = when (val stage = move.stage) {
    is MoveStage.CodeShown -> MoveNewState.CodeShown(stage.code, move.otherPhone)
    MoveStage.Joined, MoveStage.Offered, MoveStage.AwaitingCode -> MoveNewState.Joining
    MoveStage.Moving -> MoveNewState.Moving(move)
    MoveStage.Done, MoveStage.Cancelled, MoveStage.OtherPhoneLeft, MoveStage.Failed -> MoveNewState.Ended(move)
}

private fun progressed(state: MoveNewState, move: Move): MoveNewState = when (state) {
    is MoveNewState.CodeShown -> when {
        move.stage == MoveStage.Moving || move.stage == MoveStage.Done -> at(move)
        // It ended before anything moved.
        move.stage == MoveStage.OtherPhoneLeft -> MoveNewState.Failed(PhoneError.OtherPhoneLeft)
        move.stage.over -> MoveNewState.Failed(PhoneError.NoAnswer)
        else -> state
    }
    is MoveNewState.Moving -> if (move.stage.over) at(move) else state.copy(move = move)
    MoveNewState.Joining, is MoveNewState.Ended, is MoveNewState.Failed -> state
}

private fun failed(state: MoveNewState, error: PhoneError): Next<MoveNewState, MoveNewEffect> = when (state) {
    MoveNewState.Joining, is MoveNewState.CodeShown -> MoveNewState.Failed(error).then()
    // What has moved is told account by account, also when the rest has not.
    is MoveNewState.Moving -> state.copy(error = error).then(MoveNewEffect.LoadMove)
    // The one who knows more may be the second to say it.
    is MoveNewState.Failed -> (if (state.error == PhoneError.NoAnswer) MoveNewState.Failed(error) else state).then()
    is MoveNewState.Ended -> state.then()
}
