// The app's own lock.
package nod.logic.lock

import kotlinx.coroutines.CoroutineScope
import nod.logic.Next
import nod.logic.Presenter
import nod.logic.UserPort
import nod.logic.VerifyReason
import nod.logic.then

data class LockState(
    /** Whether the phone is asking the user now. */
    val asking: Boolean = false,
    /** Whether it was not confirmed that it is them. */
    val refused: Boolean = false,
)

enum class LockEvent { Shown, UnlockPressed, UserVerified, UserRefused }

enum class LockEffect { VerifyUser, Unlock }

/** What follows an event. */
fun reduce(state: LockState, event: LockEvent): Next<LockState, LockEffect> = when (event) {
    LockEvent.Shown, LockEvent.UnlockPressed ->
        if (state.asking) state.then() else LockState(asking = true).then(LockEffect.VerifyUser)
    LockEvent.UserVerified -> LockState().then(LockEffect.Unlock)
    LockEvent.UserRefused -> LockState(refused = true).then()
}

class LockPresenter(private val user: UserPort, private val unlocked: () -> Unit, scope: CoroutineScope) :
    Presenter<LockState, LockEvent, LockEffect>(LockState(), scope, ::reduce) {
    override suspend fun run(effect: LockEffect) = when (effect) {
        LockEffect.VerifyUser ->
            on(if (user.verify(VerifyReason.Unlock)) LockEvent.UserVerified else LockEvent.UserRefused)
        LockEffect.Unlock -> unlocked()
    }
}
