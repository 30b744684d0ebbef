// Asks about a text that another app opened. Nothing is done before the user says so.
package nod.logic.confirm

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.PhonePort
import nod.logic.Presenter
import nod.logic.Scanned
import nod.logic.root.Route
import nod.logic.then

data class ConfirmState(
    val text: String,
    /** What it would do, once that is known. */
    val scanned: Scanned? = null,
    val busy: Boolean = false,
    val error: PhoneError? = null,
) {
    val canContinue: Boolean get() = scanned != null && !busy

    override fun toString() = "ConfirmState(scanned=$scanned, busy=$busy, error=$error)"
}

sealed interface ConfirmEvent {
    data object Opened : ConfirmEvent
    data class ReadAs(val scanned: Scanned) : ConfirmEvent
    data class ReadFailed(val error: PhoneError) : ConfirmEvent
    data object ContinuePressed : ConfirmEvent
    data object CodesAdded : ConfirmEvent
    data object CancelPressed : ConfirmEvent
}

sealed interface ConfirmEffect {
    data object Read : ConfirmEffect
    data object AddCodes : ConfirmEffect
    data class Open(val route: Route) : ConfirmEffect
    data object Close : ConfirmEffect
}

/** What follows an event. */
fun reduce(state: ConfirmState, event: ConfirmEvent): Next<ConfirmState, ConfirmEffect> = when (event) {
    ConfirmEvent.Opened -> state.then(ConfirmEffect.Read)
    is ConfirmEvent.ReadAs -> state.copy(scanned = event.scanned).then()
    is ConfirmEvent.ReadFailed -> state.copy(busy = false, error = event.error).then()
    ConfirmEvent.ContinuePressed -> continued(state)
    ConfirmEvent.CodesAdded -> state.copy(busy = false).then(ConfirmEffect.Close)
    ConfirmEvent.CancelPressed -> state.then(ConfirmEffect.Close)
}

private fun continued(state: ConfirmState): Next<ConfirmState, ConfirmEffect> = when {
    !state.canContinue -> state.then()
    state.scanned is Scanned.Enrolment -> state.then(ConfirmEffect.Open(Route.Enrol(state.text)))
    state.scanned is Scanned.Move -> state.then(ConfirmEffect.Open(Route.MoveNew(state.text)))
    else -> state.copy(busy = true, error = null).then(ConfirmEffect.AddCodes)
}

class ConfirmPresenter(
    private val phone: PhonePort,
    private val navigator: Navigator,
    private val text: String,
    scope: CoroutineScope,
) : Presenter<ConfirmState, ConfirmEvent, ConfirmEffect>(ConfirmState(text), scope, ::reduce) {
    init {
        on(ConfirmEvent.Opened)
    }

    override suspend fun run(effect: ConfirmEffect) = when (effect) {
        ConfirmEffect.Read -> call(ConfirmEvent::ReadFailed, ConfirmEvent::ReadAs) { phone.scan(text) }
        ConfirmEffect.AddCodes -> call(ConfirmEvent::ReadFailed, { ConfirmEvent.CodesAdded }) { phone.addCodes(text) }
        is ConfirmEffect.Open -> navigator.open(effect.route)
        ConfirmEffect.Close -> navigator.leave()
    }
}
