// A phone that counts its connections and has challenges put into it: what the platform's side needs of one.
package nod.app

import java.lang.reflect.Proxy
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.withTimeoutOrNull
import nod.logic.AnswerOutcome
import nod.logic.Context
import nod.logic.Pending
import nod.logic.PhoneEvent
import nod.logic.PhonePort

/** Whatever else is asked of it is a mistake. */
private val nobody = Proxy.newProxyInstance(PhonePort::class.java.classLoader, arrayOf(PhonePort::class.java)) { _, method, _ ->
    error("${method.name} was not expected")
} as PhonePort

class TestPhone : PhonePort by nobody {
    val happening = MutableSharedFlow<PhoneEvent>(replay = 8)
    var connects = 0
    var connected = false
    var waiting = listOf<Pending>()
    val denied = mutableListOf<String>()
    var denying: suspend () -> AnswerOutcome = { AnswerOutcome.Denied }

    override fun events(): Flow<PhoneEvent> = happening

    override suspend fun connect() {
        connects += 1
        connected = true
    }

    override suspend fun disconnect() {
        connected = false
    }

    override fun pending(): List<Pending> = waiting

    override suspend fun deny(challenge: String): AnswerOutcome {
        denied += challenge
        return denying()
    }

    override suspend fun waitPending(seconds: Double): List<Pending> {
        connect()
        withTimeoutOrNull((seconds * 1000).toLong()) { while (waiting.isEmpty()) delay(100) }
        return waiting
    }
}

fun pendingOf(id: String) = Pending(id, "a", "Example", null, "alex", Context(), digits = 2, windowS = 25.0, secondsLeft = 25.0)
