// One account: its name, who checks its answers, and its removal.
package nod.logic.account

import kotlinx.coroutines.CoroutineScope
import nod.logic.Account
import nod.logic.Navigator
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.PhonePort
import nod.logic.Presenter
import nod.logic.then

data class AccountState(
    val id: String,
    /** None until it was read. */
    val account: Account? = null,
    /** The name as it is typed. */
    val label: String = "",
    val saving: Boolean = false,
    val saved: Boolean = false,
    /** Whether the user is asked about the removal. */
    val askRemove: Boolean = false,
    /** Whether the user is asked about the service's key. */
    val askKeyChange: Boolean = false,
    /** Whether the user has agreed to it just now. */
    val keyChanged: Boolean = false,
    val error: PhoneError? = null,
) {
    val canSave: Boolean get() = !saving && account != null && label.isNotBlank() && label != account.label
}

sealed interface AccountEvent {
    data object Opened : AccountEvent
    data class Loaded(val account: Account) : AccountEvent
    data class LabelChanged(val label: String) : AccountEvent
    data object SavePressed : AccountEvent
    data object Saved : AccountEvent
    data object RemovePressed : AccountEvent
    data object RemoveConfirmed : AccountEvent
    data object RemoveDismissed : AccountEvent
    data object Removed : AccountEvent
    data object KeyChangePressed : AccountEvent
    data object KeyChangeConfirmed : AccountEvent
    data object KeyChangeDismissed : AccountEvent
    data object KeyChanged : AccountEvent
    data class FailedWith(val error: PhoneError) : AccountEvent
    data object BackPressed : AccountEvent
}

sealed interface AccountEffect {
    data object Load : AccountEffect
    data class Rename(val label: String) : AccountEffect
    data object Remove : AccountEffect
    data object ConfirmKeyChange : AccountEffect
    data object Close : AccountEffect
}

/** What follows an event. */
fun reduce(state: AccountState, event: AccountEvent): Next<AccountState, AccountEffect> = when (event) {
    AccountEvent.Opened -> state.then(AccountEffect.Load)
    is AccountEvent.Loaded -> {
        val typed = state.account != null && state.label != state.account.label
        state.copy(account = event.account, label = if (typed) state.label else event.account.label).then()
    }
    is AccountEvent.LabelChanged -> state.copy(label = event.label, saved = false, error = null).then()
    AccountEvent.SavePressed ->
        if (!state.canSave) state.then()
        else state.copy(saving = true, error = null).then(AccountEffect.Rename(state.label.trim()))
    AccountEvent.Saved -> state.copy(
        saving = false,
        saved = true,
        label = state.label.trim(),
        account = state.account?.copy(label = state.label.trim()),
    ).then()
    AccountEvent.RemovePressed -> state.copy(askRemove = true, error = null).then()
    AccountEvent.RemoveConfirmed ->
        if (!state.askRemove) state.then() else state.copy(askRemove = false).then(AccountEffect.Remove)
    AccountEvent.RemoveDismissed -> state.copy(askRemove = false).then()
    AccountEvent.Removed -> state.then(AccountEffect.Close)
    AccountEvent.KeyChangePressed ->
        state.copy(askKeyChange = state.account?.asksToVerifyItself != null, error = null).then()
    AccountEvent.KeyChangeConfirmed ->
        if (!state.askKeyChange) state.then()
        else state.copy(askKeyChange = false).then(AccountEffect.ConfirmKeyChange)
    AccountEvent.KeyChangeDismissed -> state.copy(askKeyChange = false).then()
    AccountEvent.KeyChanged -> state.copy(keyChanged = true).then(AccountEffect.Load)
    is AccountEvent.FailedWith -> state.copy(saving = false, error = event.error).then()
    AccountEvent.BackPressed -> state.then(AccountEffect.Close)
}

class AccountPresenter(
    private val phone: PhonePort,
    private val navigator: Navigator,
    private val id: String,
    scope: CoroutineScope,
) : Presenter<AccountState, AccountEvent, AccountEffect>(AccountState(id), scope, ::reduce) {
    init {
        on(AccountEvent.Opened)
    }

    override suspend fun run(effect: AccountEffect) = when (effect) {
        AccountEffect.Load -> call(AccountEvent::FailedWith, ::loaded) { phone.accounts().find { it.id == id } }
        is AccountEffect.Rename -> call(AccountEvent::FailedWith, { AccountEvent.Saved }) { phone.rename(id, effect.label) }
        AccountEffect.Remove -> call(AccountEvent::FailedWith, { AccountEvent.Removed }) { phone.remove(id) }
        AccountEffect.ConfirmKeyChange ->
            call(AccountEvent::FailedWith, { AccountEvent.KeyChanged }) { phone.confirmKeyChange(id) }
        AccountEffect.Close -> navigator.leave()
    }

    private fun loaded(account: Account?): AccountEvent =
        account?.let(AccountEvent::Loaded) ?: AccountEvent.FailedWith(PhoneError.NotFound)
}
