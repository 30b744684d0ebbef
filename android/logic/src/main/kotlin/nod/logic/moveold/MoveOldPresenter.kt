// Runs a move's effects on the phone that the accounts leave.
package nod.logic.moveold

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.mapNotNull
import nod.logic.MoveSide
import nod.logic.Navigator
import nod.logic.PhoneEvent
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.ticks

class MoveOldPresenter(private val ports: Ports, private val navigator: Navigator, scope: CoroutineScope) :
    Presenter<MoveOldState, MoveOldEvent, MoveOldEffect>(MoveOldState.Warning(0, 0), scope, ::reduce) {
    private val phone = ports.phone
    private val clock = ports.clock

    init {
        follow(phone.events().mapNotNull(::told)) { it }
        follow(ports.ticks()) { MoveOldEvent.Tick(it) }
        beside { call(MoveOldEvent::FailedWith, { it }, ::begin) }
    }

    override suspend fun run(effect: MoveOldEffect) = when (effect) {
        MoveOldEffect.Offer -> call(
            MoveOldEvent::FailedWith,
            { MoveOldEvent.Offered(it.qr, it.secondsLeft, clock.now()) },
        ) { phone.offerMove() }
        MoveOldEffect.WaitJoined ->
            call(MoveOldEvent::FailedWith, { MoveOldEvent.Joined(it, clock.now()) }) { phone.waitJoined() }
        is MoveOldEffect.Confirm ->
            call(MoveOldEvent::FailedWith, { MoveOldEvent.Confirmed }) { phone.confirmMove(effect.code) }
        MoveOldEffect.Finish -> call(MoveOldEvent::FailedWith, MoveOldEvent::Progress) { phone.finishMove(FINISH_S) }
        MoveOldEffect.LoadMove ->
            call(MoveOldEvent::FailedWith, { it?.let(MoveOldEvent::Progress) }) { phone.moveStatus() }
        // One that has ended meanwhile needs no end.
        MoveOldEffect.Cancel -> call({ MoveOldEvent.Cancelled }, { MoveOldEvent.Cancelled }) { phone.cancelMove() }
        MoveOldEffect.Forget -> call({ null }, { null }) { phone.cancelMove() }
        MoveOldEffect.DeleteCodes ->
            call(MoveOldEvent::FailedWith, MoveOldEvent::CodesDeleted) { phone.deleteMovedCodes() }
        MoveOldEffect.Close -> navigator.leave()
    }

    private suspend fun begin(): MoveOldEvent {
        val move = phone.moveStatus()
        return if (move != null && move.side == MoveSide.Old && !move.stage.over) {
            MoveOldEvent.Resumed(move, clock.now())
        } else {
            MoveOldEvent.Opened(phone.accounts().size, phone.codes().size)
        }
    }

    private fun told(event: PhoneEvent): MoveOldEvent? {
        if (event is PhoneEvent.MoveEnded) event.error?.let { return MoveOldEvent.FailedWith(it) }
        val changed = event == PhoneEvent.MoveChanged || event is PhoneEvent.MoveEnded || event == PhoneEvent.Missed
        if (changed) beside { run(MoveOldEffect.LoadMove) }
        return null
    }

    private companion object {
        /** A move is waited for as long as the screen is there; a day is longer than that. */
        const val FINISH_S = 86_400.0
    }
}
