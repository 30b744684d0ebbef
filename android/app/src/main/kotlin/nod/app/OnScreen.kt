// Which activity the user sees now: prompts and settings are shown by it, and end with it.
package nod.app

import android.app.Activity
import android.app.Application
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/** Follows the activities of the app. Calls may come from any thread. */
class OnScreen : Application.ActivityLifecycleCallbacks {
    private val main = Handler(Looper.getMainLooper())
    private val visibleNow = MutableStateFlow(false)

    // Only the main thread touches these.
    private var started: Activity? = null
    private val waiting = mutableListOf<() -> Unit>()

    /** Whether the user can see the app. */
    val visible: StateFlow<Boolean> = visibleNow.asStateFlow()

    /** Does something with the activity that is seen; nothing where none is. */
    fun run(step: (Activity) -> Unit) {
        main.post { started?.let(step) }
    }

    /**
     * Calls `shown` with the activity that is seen, on the main thread. `gone` follows, once, when the user leaves it, or
     * at once where none is seen; not when it is only turned. Closing what this gives ends the waiting.
     */
    fun whileShown(shown: (Activity) -> Unit, gone: () -> Unit): AutoCloseable {
        main.post {
            val activity = started
            if (activity == null) {
                gone()
            } else {
                waiting += gone
                shown(activity)
            }
        }
        return AutoCloseable { main.post { waiting -= gone } }
    }

    override fun onActivityStarted(activity: Activity) {
        started = activity
        visibleNow.value = true
    }

    override fun onActivityStopped(activity: Activity) {
        if (started !== activity || activity.isChangingConfigurations) return
        started = null
        visibleNow.value = false
        val left = waiting.toList()
        waiting.clear()
        left.forEach { it() }
    }

    override fun onActivityCreated(activity: Activity, state: Bundle?) = Unit

    override fun onActivityResumed(activity: Activity) = Unit

    override fun onActivityPaused(activity: Activity) = Unit

    override fun onActivitySaveInstanceState(activity: Activity, state: Bundle) = Unit

    override fun onActivityDestroyed(activity: Activity) {
        if (started === activity) started = null
    }
}
