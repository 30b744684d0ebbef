// One port for whatever wakes the app up while its connections are closed.
package nod.app.wake

import nod.logic.WakeChoice
import nod.logic.WakeToken
import nod.logic.WakeTokens

/** One way to be woken up: UnifiedPush, or FCM in the flavour that has it. */
interface WakePort {
    /**
     * Where this relay can wake the phone up, by what is known now or was known last; none where this way is not for this
     * relay. A relay that is told none forgets the phone, so what is known has to outlive the process.
     */
    fun token(choice: WakeChoice): WakeToken?

    /** The user has opened the app: what is registered is made sure of. */
    fun begin()
}

/** The ways that this app has, most wanted first: who has installed a distributor wants to be woken by it. */
class WakePorts(private val ports: List<WakePort>) : WakeTokens {
    override fun token(choice: WakeChoice): WakeToken? = ports.firstNotNullOfOrNull { it.token(choice) }

    fun begin() = ports.forEach { it.begin() }
}
