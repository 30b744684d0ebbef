// The shell that keeps a screen's state.
package nod.logic

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest

private sealed interface Count {
    data class Add(val n: Int) : Count

    data class Fail(val error: PhoneError) : Count
}

private data class Total(val sum: Int = 0, val error: PhoneError? = null)

private class Counter(scope: CoroutineScope) : Presenter<Total, Count, Int>(
    Total(),
    scope,
    { state, event ->
        when (event) {
            is Count.Add -> state.copy(sum = state.sum + event.n).let { if (event.n > 1) it.then(event.n - 1) else it.then() }
            is Count.Fail -> state.copy(error = event.error).then()
        }
    },
) {
    override suspend fun run(effect: Int) = call(Count::Fail, Count::Add) {
        delay(1000)
        if (effect == 5) throw PhoneFailure(PhoneError.NoAnswer) else effect
    }
}

@OptIn(ExperimentalCoroutinesApi::class)
class PresenterTest {
    @Test
    fun `a state follows its event at once and effects come back as events`() = runTest {
        val counter = Counter(backgroundScope)
        counter.on(Count.Add(3))
        assertEquals(3, counter.state.value.sum)
        advanceTimeBy(5000)
        runCurrent()
        assertEquals(3 + 2 + 1, counter.state.value.sum)
    }

    @Test
    fun `why a call failed is an event too`() = runTest {
        val counter = Counter(backgroundScope)
        counter.on(Count.Add(6))
        advanceTimeBy(5000)
        runCurrent()
        assertEquals<PhoneError?>(PhoneError.NoAnswer, counter.state.value.error)
    }

    @Test
    fun `a screen that is closed does nothing more`() = runTest {
        val counter = Counter(backgroundScope)
        counter.on(Count.Add(3))
        runCurrent()
        counter.close()
        advanceTimeBy(5000)
        runCurrent()
        assertEquals(3, counter.state.value.sum)
    }

    @Test
    fun `nothing counts down while the app is in the background`() = runTest {
        val clock = object : Clock {
            override fun now() = currentTime / 1000.0

            override fun wall() = 0L
        }
        val (awake, ticks) = MutableStateFlow(true) to mutableListOf<Double>()
        backgroundScope.launch { clock.ticks(awake).toList(ticks) }
        advanceTimeBy(1001)
        awake.value = false
        advanceTimeBy(3_600_000)
        assertEquals(listOf(0.0, 0.2, 0.4, 0.6, 0.8, 1.0), ticks)
        awake.value = true
        runCurrent()
        assertEquals(3601.001, ticks.last())
    }

    @Test
    fun `whole seconds are nought only when the time is over`() {
        assertEquals(listOf(25, 1, 1, 0, 0), listOf(0.0, 24.0, 24.99, 25.0, 40.0).map { secondsLeft(25.0, it) })
    }
}
