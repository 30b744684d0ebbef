// One port for whatever wakes the app up while its connections are closed.
package nod.app.wake

import nod.logic.WakeChoice
import nod.logic.WakeToken
import nod.logic.WakeTokens

/** One way to be woken up: UnifiedPush, or FCM in the flavour that has it. */
interface WakePort {
    /**
     * Where this relay can wake the phone up, as far as it is known by now; none where this way is not for this relay. What
     * is still being found out is told through `changed` of [WakePorts].
     */
    fun token(choice: WakeChoice): WakeToken?

    /** The app begins. */
    fun begin()
}

/** The ways that this app has, most wanted first: who has installed a distributor wants to be woken by it. */
class WakePorts(private val ports: List<WakePort>) : WakeTokens {
    override fun token(choice: WakeChoice): WakeToken? = ports.firstNotNullOfOrNull { it.token(choice) }

    fun begin() = ports.forEach { it.begin() }
}
