// Copies one-time codes so that the system does not show them, and clears them after a minute.
package nod.app.platform

import android.content.ClipData
import android.content.ClipDescription
import android.content.ClipboardManager
import android.content.Context
import android.os.Build
import android.os.Handler
import android.os.Looper
import android.os.PersistableBundle
import nod.logic.ClipboardPort

private const val CLEARED_AFTER_MS = 60_000L

/** What Android 13 calls [ClipDescription.EXTRA_IS_SENSITIVE]; some keyboards before it know it too. */
private const val SENSITIVE = "android.content.extra.IS_SENSITIVE"

/** Tells this app's clip from another. */
private const val LABEL = "Nod"

class AndroidClipboard(context: Context) : ClipboardPort {
    private val clipboard = context.getSystemService(ClipboardManager::class.java)
    private val main = Handler(Looper.getMainLooper())
    private val clearing = Runnable(::clear)

    override fun copy(code: String) {
        main.post {
            val clip = ClipData.newPlainText(LABEL, code)
            val sensitive = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) ClipDescription.EXTRA_IS_SENSITIVE else SENSITIVE
            clip.description.extras = PersistableBundle().apply { putBoolean(sensitive, true) }
            clipboard?.setPrimaryClip(clip)
            main.removeCallbacks(clearing)
            main.postDelayed(clearing, CLEARED_AFTER_MS)
        }
    }

    /** Leaves alone what was copied since. In the background that cannot be seen, and clearing is the safe side. */
    private fun clear() {
        val now = clipboard?.primaryClipDescription?.label
        if (now == null || now == LABEL) clipboard?.clearPrimaryClip()
    }
}
