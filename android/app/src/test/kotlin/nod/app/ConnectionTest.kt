// How long the phone stays connected.
package nod.app

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest

@OptIn(ExperimentalCoroutinesApi::class)
class ConnectionTest {
    private val phone = TestPhone()

    @Test
    fun `it is connected while it is needed, and a moment longer`() = runTest {
        val connection = Connection(backgroundScope, lingerMs = 5_000)
        connection.during(phone) { assertTrue(phone.connected) }
        advanceTimeBy(4_999)
        assertTrue(phone.connected)
        advanceTimeBy(2)
        assertFalse(phone.connected, "a phone that is frozen while it is connected is woken by nobody")
    }

    @Test
    fun `who comes back within that moment finds it connected`() = runTest {
        val connection = Connection(backgroundScope, lingerMs = 5_000)
        connection.during(phone) {}
        advanceTimeBy(3_000)
        connection.during(phone) {
            delay(60_000)
            assertTrue(phone.connected)
        }
    }

    @Test
    fun `it ends only when the last one has gone`() = runTest {
        val connection = Connection(backgroundScope, lingerMs = 0)
        val user = launch { connection.during(phone) { awaitCancellation() } }
        runCurrent()
        connection.during(phone) {}
        advanceTimeBy(1_000)
        assertTrue(phone.connected)
        user.cancel()
        advanceTimeBy(1_000)
        assertFalse(phone.connected)
    }

    @Test
    fun `what fails does not keep it connected`() = runTest {
        val connection = Connection(backgroundScope, lingerMs = 0)
        val failed = runCatching { connection.during<Unit>(phone) { error("broken") } }
        assertEquals("broken", failed.exceptionOrNull()?.message)
        advanceTimeBy(1_000)
        assertFalse(phone.connected)
    }

    @Test
    fun `another network is tried at once, but only where it is needed`() = runTest {
        val connection = Connection(backgroundScope)
        connection.retry(phone)
        assertEquals(0, phone.connects)
        connection.during(phone) {
            connection.retry(phone)
            assertEquals(2, phone.connects)
        }
    }
}
