// Keeps the phone connected while somebody needs it: the user who looks, a wake-up, a denial on its way.
package nod.app

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import nod.logic.PhoneFailure
import nod.logic.PhonePort

/**
 * The connections of the phone. They end a moment after the last one who needed them has gone: a process that the system
 * freezes with an open connection would look to its relays as if it were there, and nobody would wake it up.
 */
class Connection(private val scope: CoroutineScope, private val lingerMs: Long = 5_000) {
    private val turn = Mutex()
    private var needed = 0
    private var ending: Job? = null

    /** Connects, does `step`, and lets the connection end unless somebody else needs it. */
    suspend fun <T> during(phone: PhonePort, step: suspend () -> T): T {
        begin(phone)
        try {
            return step()
        } finally {
            withContext(NonCancellable) { end(phone) }
        }
    }

    /** The network has changed: what waits for another attempt is tried at once, where anybody needs it. */
    suspend fun retry(phone: PhonePort) = turn.withLock { if (needed > 0) connect(phone) }

    private suspend fun begin(phone: PhonePort) = turn.withLock {
        ending?.cancel()
        ending = null
        needed += 1
        connect(phone)
    }

    private suspend fun end(phone: PhonePort) = turn.withLock {
        needed -= 1
        if (needed == 0) {
            ending = scope.launch {
                delay(lingerMs)
                turn.withLock { if (needed == 0) phone.disconnect() }
            }
        }
    }

    private suspend fun connect(phone: PhonePort) {
        try {
            phone.connect()
        } catch (_: PhoneFailure) {
            // The screens say so when they look at the same things.
            return
        }
    }
}
