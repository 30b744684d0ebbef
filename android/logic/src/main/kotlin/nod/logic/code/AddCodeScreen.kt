// A one-time code that is typed by hand.
package nod.logic.code

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.PhonePort
import nod.logic.Presenter
import nod.logic.TypedCode
import nod.logic.then

data class AddCodeState(
    val issuer: String = "",
    val account: String = "",
    val secret: String = "",
    /** 6 or 8. */
    val digits: Int = 6,
    /** 30 or 60. */
    val period: Int = 30,
    val busy: Boolean = false,
    val error: PhoneError? = null,
) {
    val canAdd: Boolean get() = !busy && secret.isNotBlank() && (issuer.isNotBlank() || account.isNotBlank())

    override fun toString() = "AddCodeState(digits=$digits, period=$period, busy=$busy, error=$error)"
}

sealed interface AddCodeEvent {
    data class IssuerChanged(val issuer: String) : AddCodeEvent
    data class AccountChanged(val account: String) : AddCodeEvent
    data class SecretChanged(val secret: String) : AddCodeEvent {
        override fun toString() = "SecretChanged"
    }

    data class DigitsChosen(val digits: Int) : AddCodeEvent
    data class PeriodChosen(val period: Int) : AddCodeEvent
    data object AddPressed : AddCodeEvent
    data object Added : AddCodeEvent
    data class FailedWith(val error: PhoneError) : AddCodeEvent
    data object BackPressed : AddCodeEvent
}

sealed interface AddCodeEffect {
    data class Add(val code: TypedCode) : AddCodeEffect
    data object Close : AddCodeEffect
}

/** What follows an event. */
fun reduce(state: AddCodeState, event: AddCodeEvent): Next<AddCodeState, AddCodeEffect> = when (event) {
    is AddCodeEvent.IssuerChanged -> state.copy(issuer = event.issuer, error = null).then()
    is AddCodeEvent.AccountChanged -> state.copy(account = event.account, error = null).then()
    is AddCodeEvent.SecretChanged -> state.copy(secret = event.secret, error = null).then()
    is AddCodeEvent.DigitsChosen -> state.copy(digits = event.digits).then()
    is AddCodeEvent.PeriodChosen -> state.copy(period = event.period).then()
    AddCodeEvent.AddPressed -> if (!state.canAdd) state.then() else state.copy(busy = true, error = null).then(
        AddCodeEffect.Add(
            TypedCode(state.issuer.trim(), state.account.trim(), state.secret, state.digits, state.period),
        ),
    )
    AddCodeEvent.Added -> state.copy(busy = false, secret = "").then(AddCodeEffect.Close)
    is AddCodeEvent.FailedWith -> state.copy(busy = false, error = event.error).then()
    AddCodeEvent.BackPressed -> state.then(AddCodeEffect.Close)
}

class AddCodePresenter(private val phone: PhonePort, private val navigator: Navigator, scope: CoroutineScope) :
    Presenter<AddCodeState, AddCodeEvent, AddCodeEffect>(AddCodeState(), scope, ::reduce) {
    override suspend fun run(effect: AddCodeEffect) = when (effect) {
        is AddCodeEffect.Add -> call(AddCodeEvent::FailedWith, { AddCodeEvent.Added }) { phone.addTypedCode(effect.code) }
        AddCodeEffect.Close -> navigator.leave()
    }
}
