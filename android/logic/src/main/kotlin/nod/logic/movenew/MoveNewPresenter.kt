// Runs a move's effects on the phone that the accounts come to.
package nod.logic.movenew

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.mapNotNull
import nod.logic.MoveSide
import nod.logic.Navigator
import nod.logic.PhoneError
import nod.logic.PhoneEvent
import nod.logic.PhonePort
import nod.logic.Presenter

/** Without a text, the move that is under way is shown again. */
class MoveNewPresenter(
    private val phone: PhonePort,
    private val navigator: Navigator,
    text: String?,
    scope: CoroutineScope,
) : Presenter<MoveNewState, MoveNewEvent, MoveNewEffect>(MoveNewState.Joining, scope, ::reduce) {
    init {
        follow(phone.events().mapNotNull(::told)) { it }
        if (text == null) beside { call(MoveNewEvent::FailedWith, { it }, ::resume) } else on(MoveNewEvent.Opened(text))
    }

    override suspend fun run(effect: MoveNewEffect) = when (effect) {
        is MoveNewEffect.Join -> call(MoveNewEvent::FailedWith, MoveNewEvent::Joined) { phone.joinMove(effect.text) }
        MoveNewEffect.Finish -> call(MoveNewEvent::FailedWith, MoveNewEvent::Progress) { phone.finishMove(FINISH_S) }
        MoveNewEffect.LoadMove ->
            call(MoveNewEvent::FailedWith, { it?.let(MoveNewEvent::Progress) }) { phone.moveStatus() }
        // One that has ended meanwhile needs no end.
        MoveNewEffect.Cancel -> call({ MoveNewEvent.Cancelled }, { MoveNewEvent.Cancelled }) { phone.cancelMove() }
        is MoveNewEffect.Open -> navigator.open(effect.route)
        MoveNewEffect.Close -> navigator.leave()
    }

    private suspend fun resume(): MoveNewEvent {
        val move = phone.moveStatus()?.takeIf { it.side == MoveSide.New }
        return move?.let(MoveNewEvent::Resumed) ?: MoveNewEvent.FailedWith(PhoneError.NotFound)
    }

    private fun told(event: PhoneEvent): MoveNewEvent? {
        if (event is PhoneEvent.MoveEnded) event.error?.let { return MoveNewEvent.FailedWith(it) }
        val changed = event == PhoneEvent.MoveChanged || event is PhoneEvent.MoveEnded || event == PhoneEvent.Missed
        if (changed) beside { run(MoveNewEffect.LoadMove) }
        return null
    }

    private companion object {
        /** A move is waited for as long as the screen is there; a day is longer than that. */
        const val FINISH_S = 86_400.0
    }
}
