// One one-time code: its names, its place in the list, and its removal.
package nod.logic.code

import kotlinx.coroutines.CoroutineScope
import nod.logic.CodeEntry
import nod.logic.Navigator
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.PhonePort
import nod.logic.Presenter
import nod.logic.then

data class CodeDetailsState(
    val id: String,
    /** Whether the code was read. */
    val loaded: Boolean = false,
    val issuer: String = "",
    val account: String = "",
    /** Its place in the list, counted from 0, and how many there are. */
    val position: Int = 0,
    val count: Int = 0,
    /** Whether what is typed is not saved yet. */
    val changed: Boolean = false,
    val busy: Boolean = false,
    val saved: Boolean = false,
    val askRemove: Boolean = false,
    val error: PhoneError? = null,
) {
    val name: String get() = issuer.ifEmpty { account }
    val canSave: Boolean get() = loaded && changed && !busy && (issuer.isNotBlank() || account.isNotBlank())
    val canMoveUp: Boolean get() = loaded && !busy && position > 0
    val canMoveDown: Boolean get() = loaded && !busy && position < count - 1
}

sealed interface CodeDetailsEvent {
    data object Opened : CodeDetailsEvent
    data class Loaded(val codes: List<CodeEntry>) : CodeDetailsEvent
    data class IssuerChanged(val issuer: String) : CodeDetailsEvent
    data class AccountChanged(val account: String) : CodeDetailsEvent
    data object SavePressed : CodeDetailsEvent
    data object Saved : CodeDetailsEvent
    data object UpPressed : CodeDetailsEvent
    data object DownPressed : CodeDetailsEvent
    data object Moved : CodeDetailsEvent
    data object RemovePressed : CodeDetailsEvent
    data object RemoveConfirmed : CodeDetailsEvent
    data object RemoveDismissed : CodeDetailsEvent
    data object Removed : CodeDetailsEvent
    data class FailedWith(val error: PhoneError) : CodeDetailsEvent
    data object BackPressed : CodeDetailsEvent
}

sealed interface CodeDetailsEffect {
    data object Load : CodeDetailsEffect
    data class Rename(val issuer: String, val account: String) : CodeDetailsEffect
    data class Move(val position: Int) : CodeDetailsEffect
    data object Remove : CodeDetailsEffect
    data object Close : CodeDetailsEffect
}

/** What follows an event. */
fun reduce(state: CodeDetailsState, event: CodeDetailsEvent): Next<CodeDetailsState, CodeDetailsEffect> = when (event) {
    CodeDetailsEvent.Opened -> state.then(CodeDetailsEffect.Load)
    is CodeDetailsEvent.Loaded -> loaded(state, event.codes).then()
    is CodeDetailsEvent.IssuerChanged ->
        state.copy(issuer = event.issuer, changed = true, saved = false, error = null).then()
    is CodeDetailsEvent.AccountChanged ->
        state.copy(account = event.account, changed = true, saved = false, error = null).then()
    CodeDetailsEvent.SavePressed ->
        if (!state.canSave) state.then()
        else state.copy(busy = true, error = null)
            .then(CodeDetailsEffect.Rename(state.issuer.trim(), state.account.trim()))
    CodeDetailsEvent.Saved -> state.copy(busy = false, changed = false, saved = true).then()
    CodeDetailsEvent.UpPressed -> moved(state, state.canMoveUp, state.position - 1)
    CodeDetailsEvent.DownPressed -> moved(state, state.canMoveDown, state.position + 1)
    CodeDetailsEvent.Moved -> state.copy(busy = false).then(CodeDetailsEffect.Load)
    CodeDetailsEvent.RemovePressed -> state.copy(askRemove = true, error = null).then()
    CodeDetailsEvent.RemoveConfirmed ->
        if (!state.askRemove) state.then() else state.copy(askRemove = false).then(CodeDetailsEffect.Remove)
    CodeDetailsEvent.RemoveDismissed -> state.copy(askRemove = false).then()
    CodeDetailsEvent.Removed, CodeDetailsEvent.BackPressed -> state.then(CodeDetailsEffect.Close)
    is CodeDetailsEvent.FailedWith -> state.copy(busy = false, error = event.error).then()
}

private fun loaded(state: CodeDetailsState, codes: List<CodeEntry>): CodeDetailsState {
    val position = codes.indexOfFirst { it.id == state.id }
    if (position < 0) return state.copy(error = PhoneError.NotFound)
    val entry = codes[position]
    val placed = state.copy(loaded = true, position = position, count = codes.size)
    return if (state.changed) placed else placed.copy(issuer = entry.issuer, account = entry.account)
}

private fun moved(state: CodeDetailsState, can: Boolean, to: Int): Next<CodeDetailsState, CodeDetailsEffect> =
    if (can) state.copy(busy = true, error = null).then(CodeDetailsEffect.Move(to)) else state.then()

class CodeDetailsPresenter(
    private val phone: PhonePort,
    private val navigator: Navigator,
    private val id: String,
    scope: CoroutineScope,
) : Presenter<CodeDetailsState, CodeDetailsEvent, CodeDetailsEffect>(CodeDetailsState(id), scope, ::reduce) {
    init {
        on(CodeDetailsEvent.Opened)
    }

    override suspend fun run(effect: CodeDetailsEffect) = when (effect) {
        CodeDetailsEffect.Load -> call(CodeDetailsEvent::FailedWith, CodeDetailsEvent::Loaded) { phone.codes() }
        is CodeDetailsEffect.Rename -> call(CodeDetailsEvent::FailedWith, { CodeDetailsEvent.Saved }) {
            phone.renameCode(id, effect.issuer, effect.account)
        }
        is CodeDetailsEffect.Move -> call(CodeDetailsEvent::FailedWith, { CodeDetailsEvent.Moved }) {
            phone.moveCode(id, effect.position)
        }
        CodeDetailsEffect.Remove -> call(CodeDetailsEvent::FailedWith, { CodeDetailsEvent.Removed }) { phone.removeCode(id) }
        CodeDetailsEffect.Close -> navigator.leave()
    }
}
