// What a woken phone does, and for how long.
package nod.app.wake

import kotlin.test.Test
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import nod.app.Connection
import nod.app.TestPhone
import nod.app.pendingOf
import nod.logic.ChallengeEnd
import nod.logic.PhoneEvent

@OptIn(ExperimentalCoroutinesApi::class)
class WakeUpTest {
    private val phone = TestPhone()

    @Test
    fun `woken for nothing, it looks for twenty seconds and goes`() = runTest {
        val woken = launch { wakeUp(phone, Connection(backgroundScope, lingerMs = 0)) }
        advanceTimeBy(19_000)
        assertTrue(woken.isActive && phone.connected)
        advanceTimeBy(2_000)
        assertFalse(woken.isActive || phone.connected)
    }

    @Test
    fun `it stays until all that came has ended`() = runTest {
        val woken = launch { wakeUp(phone, Connection(backgroundScope, lingerMs = 0)) }
        advanceTimeBy(3_000)
        phone.waiting = listOf(pendingOf("one"), pendingOf("two"))
        advanceTimeBy(10_000)
        phone.waiting = listOf(pendingOf("two"))
        phone.happening.emit(PhoneEvent.ChallengeGone("one", ChallengeEnd.Superseded))
        runCurrent()
        assertTrue(woken.isActive && phone.connected)
        phone.waiting = emptyList()
        phone.happening.emit(PhoneEvent.ChallengeGone("two", ChallengeEnd.Expired))
        advanceTimeBy(1_000)
        assertFalse(woken.isActive || phone.connected)
    }

    @Test
    fun `it goes after two minutes, whatever waits`() = runTest {
        phone.waiting = listOf(pendingOf("stuck"))
        val woken = launch { wakeUp(phone, Connection(backgroundScope, lingerMs = 0)) }
        advanceTimeBy(119_000)
        assertTrue(woken.isActive)
        advanceTimeBy(3_000)
        assertFalse(woken.isActive || phone.connected)
    }
}
