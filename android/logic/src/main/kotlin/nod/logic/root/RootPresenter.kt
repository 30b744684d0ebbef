// Runs the root: starts it, follows the phone, and takes what the screens say about where to go.
package nod.logic.root

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.asSharedFlow
import nod.logic.Navigator
import nod.logic.PhoneFailure
import nod.logic.PhonePort
import nod.logic.Ports
import nod.logic.Presenter

class RootPresenter(private val ports: Ports, scope: CoroutineScope) :
    Presenter<RootState, RootEvent, RootEffect>(RootState(), scope, ::reduce), Navigator {
    private val phone: PhonePort = ports.phone
    private val asked = MutableSharedFlow<RootEffect>(extraBufferCapacity = 8)

    /** What only the platform, or the screen that is shown, can do: [RootEffect.LeaveApp] and [RootEffect.CancelShown]. */
    val outside: Flow<RootEffect> = asked.asSharedFlow()

    init {
        follow(phone.events()) { RootEvent.Phone(it) }
        beside { start() }
    }

    override fun open(route: Route) = on(RootEvent.Open(route))

    override fun leave() = on(RootEvent.Closed)

    private suspend fun start() {
        val started = try {
            RootEvent.Started(
                accounts = phone.accounts().size,
                codes = phone.codes().size,
                lockOn = ports.settings.lockOn(),
                move = phone.moveStatus(),
                pending = phone.pending().map { it.id },
            )
        } catch (_: PhoneFailure) {
            // The screens say what is wrong when they look themselves.
            RootEvent.Started(0, 0, ports.settings.lockOn(), null, emptyList())
        }
        on(started)
    }

    override suspend fun run(effect: RootEffect) = when (effect) {
        RootEffect.CancelShown, RootEffect.LeaveApp -> asked.emit(effect)
        RootEffect.CountAccounts -> quietly { on(RootEvent.AccountsChanged(phone.accounts().size + phone.codes().size)) }
        RootEffect.LoadPending -> on(RootEvent.PendingKnown(phone.pending().map { it.id }))
        RootEffect.Connect -> quietly { phone.connect() }
    }

    /** What fails here is seen and said by the screens that look at the same things. */
    private suspend fun quietly(step: suspend () -> Unit) {
        try {
            step()
        } catch (_: PhoneFailure) {
            return
        }
    }
}
