// What a screen is made of, and the small shell that keeps its state and runs its effects.
package nod.logic

import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.plus

/** What follows an event: the new state, and what is to be done outside. */
data class Next<out S, out F>(val state: S, val effects: List<F> = emptyList())

/** This state, with effects. */
fun <S, F> S.then(vararg effects: F): Next<S, F> = Next(this, effects.asList())

/**
 * Keeps a screen's state, takes its events one after another, and runs its effects; what comes of an effect is another
 * event. A state follows its event at once, on the caller's thread, so that a text field shows what is typed.
 */
abstract class Presenter<S : Any, E : Any, F : Any>(
    first: S,
    parent: CoroutineScope,
    private val reduce: (S, E) -> Next<S, F>,
) : AutoCloseable {
    private val scope = parent + SupervisorJob(parent.coroutineContext.job)
    private val current = MutableStateFlow(first)
    private val turn = ReentrantLock()

    /** What the view draws. */
    val state: StateFlow<S> = current.asStateFlow()

    /** Takes an event, from any thread. */
    fun on(event: E) {
        turn.withLock {
            val (state, effects) = reduce(current.value, event)
            current.value = state
            effects.forEach { effect -> scope.launch { run(effect) } }
        }
    }

    /** Carries an effect out. */
    protected abstract suspend fun run(effect: F)

    /** Makes an event of everything in a flow, for as long as the screen is there. */
    protected fun <T> follow(flow: Flow<T>, event: (T) -> E): Job = scope.launch { flow.collect { on(event(it)) } }

    /** Runs something beside the effects, for as long as the screen is there. */
    protected fun beside(block: suspend CoroutineScope.() -> Unit): Job = scope.launch(block = block)

    /** Makes a call of the phone; what it gives and why it failed become events, or nothing. */
    protected suspend fun <T> call(failed: (PhoneError) -> E?, done: (T) -> E?, call: suspend () -> T) {
        val event = try {
            done(call())
        } catch (failure: PhoneFailure) {
            failed(failure.error)
        }
        event?.let(::on)
    }

    /** The screen is gone: everything that it still does ends. */
    override fun close() = scope.cancel()
}
