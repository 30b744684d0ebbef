// What a wake-up does: connect, see what waits, stay until it has ended, and go.
package nod.app.wake

import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeoutOrNull
import nod.app.Connection
import nod.logic.PhoneEvent
import nod.logic.PhoneFailure
import nod.logic.PhonePort

/** How long a woken phone waits for the first challenge, in seconds. */
private const val LOOK_S = 20.0

/** How long it stays for those that came, in milliseconds: a challenge's window at most, and what the platform grants. */
private const val STAY_MS = 120_000L

/**
 * Connects and looks. What waits is shown by whoever follows the phone's events; this stays until all of it has ended, so
 * that a notification goes when its challenge does and a denial finds the connection open.
 */
suspend fun wakeUp(phone: PhonePort, connection: Connection) {
    connection.during(phone) {
        val events = phone.events()
        val waiting = try {
            phone.waitPending(LOOK_S)
        } catch (_: PhoneFailure) {
            return@during
        }
        if (waiting.isEmpty() || phone.pending().isEmpty()) return@during
        withTimeoutOrNull(STAY_MS) { events.first { ends(it) && phone.pending().isEmpty() } }
    }
}

private fun ends(event: PhoneEvent): Boolean =
    event is PhoneEvent.ChallengeGone || event is PhoneEvent.Decided || event == PhoneEvent.Missed
