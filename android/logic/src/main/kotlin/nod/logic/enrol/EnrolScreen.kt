// Adds an account: the other side proves itself, the check code is typed on the login page, the account is there.
package nod.logic.enrol

import nod.logic.Account
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.then

sealed interface EnrolState {
    /** Keys are made, and the other side is asked to prove itself. */
    data object Contacting : EnrolState

    /** The six digits are to be typed on the page with the QR code. */
    data class Code(
        val code: String,
        val serviceName: String,
        val domain: String?,
        /** Whether the user has cancelled, and the keys are being destroyed. */
        val cancelling: Boolean = false,
    ) : EnrolState {
        override fun toString() = "Code(cancelling=$cancelling)"
    }

    data class Added(val account: Account) : EnrolState
    data class Failed(val error: PhoneError) : EnrolState
}

sealed interface EnrolEvent {
    data class Opened(val text: String) : EnrolEvent {
        override fun toString() = "Opened"
    }

    data class Verified(val code: String, val serviceName: String, val domain: String?) : EnrolEvent {
        override fun toString() = "Verified"
    }

    data class Finished(val account: Account) : EnrolEvent
    data class FailedWith(val error: PhoneError) : EnrolEvent

    /** What the user cancelled has ended. */
    data object Aborted : EnrolEvent
    data object CancelPressed : EnrolEvent
    data object ClosePressed : EnrolEvent
}

sealed interface EnrolEffect {
    data class Enrol(val text: String) : EnrolEffect {
        override fun toString() = "Enrol"
    }

    data object WaitFinished : EnrolEffect
    data object Abort : EnrolEffect
    data object Close : EnrolEffect
}

/** What follows an event. */
fun reduce(state: EnrolState, event: EnrolEvent): Next<EnrolState, EnrolEffect> = when (event) {
    is EnrolEvent.Opened -> EnrolState.Contacting.then(EnrolEffect.Enrol(event.text))
    is EnrolEvent.Verified ->
        if (state != EnrolState.Contacting) state.then()
        else EnrolState.Code(event.code, event.serviceName, event.domain).then(EnrolEffect.WaitFinished)
    is EnrolEvent.Finished -> EnrolState.Added(event.account).then()
    is EnrolEvent.FailedWith ->
        // The end that the user asked for is not a failure to tell them.
        if (state is EnrolState.Code && state.cancelling) state.then() else EnrolState.Failed(event.error).then()
    EnrolEvent.Aborted -> if (state is EnrolState.Added) state.then() else state.then(EnrolEffect.Close)
    EnrolEvent.CancelPressed -> cancelled(state)
    EnrolEvent.ClosePressed -> state.then(EnrolEffect.Close)
}

private fun cancelled(state: EnrolState): Next<EnrolState, EnrolEffect> = when (state) {
    is EnrolState.Code -> if (state.cancelling) state.then() else state.copy(cancelling = true).then(EnrolEffect.Abort)
    EnrolState.Contacting, is EnrolState.Added, is EnrolState.Failed -> state.then(EnrolEffect.Close)
}
