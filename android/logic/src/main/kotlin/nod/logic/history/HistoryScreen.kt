// Past challenges.
package nod.logic.history

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.filter
import nod.logic.HistoryEntry
import nod.logic.Navigator
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.PhoneEvent
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.then

data class HistoryState(
    /** Newest first. */
    val entries: List<HistoryEntry> = emptyList(),
    /** Milliseconds since 1970 when they were read, to tell today from yesterday. */
    val now: Long = 0,
    /** The entry whose details are shown. */
    val expanded: String? = null,
    val loading: Boolean = true,
    val error: PhoneError? = null,
)

sealed interface HistoryEvent {
    data object Opened : HistoryEvent
    data class Loaded(val entries: List<HistoryEntry>, val wallNow: Long) : HistoryEvent
    data class FailedWith(val error: PhoneError) : HistoryEvent
    data class EntryPressed(val id: String) : HistoryEvent
    data object BackPressed : HistoryEvent
}

enum class HistoryEffect { Load, Close }

/** What follows an event. */
fun reduce(state: HistoryState, event: HistoryEvent): Next<HistoryState, HistoryEffect> = when (event) {
    HistoryEvent.Opened -> state.then(HistoryEffect.Load)
    is HistoryEvent.Loaded ->
        state.copy(entries = event.entries, now = event.wallNow, loading = false, error = null).then()
    is HistoryEvent.FailedWith -> state.copy(loading = false, error = event.error).then()
    is HistoryEvent.EntryPressed -> state.copy(expanded = event.id.takeUnless { it == state.expanded }).then()
    HistoryEvent.BackPressed -> state.then(HistoryEffect.Close)
}

class HistoryPresenter(private val ports: Ports, private val navigator: Navigator, scope: CoroutineScope) :
    Presenter<HistoryState, HistoryEvent, HistoryEffect>(HistoryState(), scope, ::reduce) {
    init {
        on(HistoryEvent.Opened)
        follow(ports.phone.events().filter(::ends)) { HistoryEvent.Opened }
    }

    override suspend fun run(effect: HistoryEffect) = when (effect) {
        HistoryEffect.Load -> call(
            HistoryEvent::FailedWith,
            { HistoryEvent.Loaded(it, ports.clock.wall()) },
        ) { ports.phone.history() }
        HistoryEffect.Close -> navigator.leave()
    }

    private fun ends(event: PhoneEvent): Boolean =
        event is PhoneEvent.ChallengeGone || event is PhoneEvent.Decided || event == PhoneEvent.Missed
}
