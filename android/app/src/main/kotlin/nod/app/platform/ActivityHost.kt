// What needs an activity and gives an answer later: permissions, and other apps' screens.
package nod.app.platform

import android.content.Context
import android.content.Intent
import androidx.activity.ComponentActivity
import androidx.activity.result.ActivityResult
import androidx.activity.result.ActivityResultLauncher
import androidx.activity.result.contract.ActivityResultContracts
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Asks through the activity that is there. An answer that comes after the activity was made anew finds its question, as the
 * process is the same; a process that has ended in between has forgotten the question, and the user asks again.
 */
class ActivityHost(val context: Context) {
    private var permissions: ActivityResultLauncher<String>? = null
    private var starts: ActivityResultLauncher<Intent>? = null
    private var permission: CompletableDeferred<Boolean>? = null
    private var started: CompletableDeferred<ActivityResult?>? = null

    /** To be called in the activity's `onCreate`. */
    fun attach(activity: ComponentActivity) {
        permissions = activity.registerForActivityResult(ActivityResultContracts.RequestPermission()) { granted ->
            permission?.complete(granted)
        }
        starts = activity.registerForActivityResult(ActivityResultContracts.StartActivityForResult()) { result ->
            started?.complete(result)
        }
    }

    /** Asks for a permission. False where there is nobody to ask. */
    suspend fun ask(name: String): Boolean = withContext(Dispatchers.Main) {
        val launcher = permissions ?: return@withContext false
        permission?.complete(false)
        val answer = CompletableDeferred<Boolean>()
        permission = answer
        launcher.launch(name)
        answer.await()
    }

    /** Shows another app's screen and waits for what it gives back; none where it cannot be shown. */
    suspend fun start(intent: Intent): ActivityResult? = withContext(Dispatchers.Main) {
        val launcher = starts ?: return@withContext null
        started?.complete(null)
        val answer = CompletableDeferred<ActivityResult?>()
        started = answer
        try {
            launcher.launch(intent)
        } catch (_: android.content.ActivityNotFoundException) {
            return@withContext null
        }
        answer.await()
    }
}
