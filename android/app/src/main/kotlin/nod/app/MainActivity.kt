// The one activity: draws the screens, keeps them secret, and takes links.
package nod.app

import android.content.Intent
import android.content.res.Configuration
import android.os.Build
import android.os.Bundle
import android.view.View
import android.view.WindowInsets
import android.view.WindowManager
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import nod.app.platform.AndroidClock
import nod.logic.PhoneFailure
import nod.logic.root.RootEvent
import nod.ui.theme.NodTheme

class MainActivity : ComponentActivity(), ShownWindow {
    private val scope: CoroutineScope = MainScope()
    private var opening by mutableStateOf<Opening>(Opening.Wait)

    /** What another app opened, until there is somebody to ask about it. */
    private var link: String? = null

    /** Lasts while the app is seen. */
    private var visit: Job? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        graph.host.attach(this)
        closeToOthers()
        keepClearOfBars()
        // What an activity that is made anew was opened with has been asked about before.
        if (savedInstanceState == null) follow(intent)
        setContent {
            NodTheme {
                Shown(opening, retry = ::open, window = this)
            }
        }
        open()
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        follow(intent)
    }

    override fun onStart() {
        super.onStart()
        graph.seen()
        begin()
    }

    override fun onStop() {
        super.onStop()
        visit?.cancel()
        visit = null
        session()?.let {
            it.screens.root.on(RootEvent.WentToBackground(AndroidClock.now()))
            if (!isChangingConfigurations) graph.left()
        }
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    override fun onConfigurationChanged(newConfig: Configuration) {
        super.onConfigurationChanged(newConfig)
        session()?.languageChanged()
    }

    private fun session(): Session? = (opening as? Opening.Ready)?.session

    /** Opens the phone; what fails is said, and can be tried again. */
    private fun open() {
        opening = Opening.Wait
        scope.launch {
            opening = try {
                Opening.Ready(graph.session())
            } catch (failed: PhoneFailure) {
                Opening.Failed(failed.error, graph.settings.words())
            }
            begin()
        }
    }

    /** The app is seen and the phone is open, whichever came last. */
    private fun begin() {
        val session = session() ?: return
        if (visit != null || !graph.onScreen.visible.value) return
        session.languageChanged()
        session.screens.root.on(RootEvent.CameToForeground(AndroidClock.now()))
        tellLink(session)
        visit = scope.launch {
            launch(Dispatchers.Default) { graph.connection.during(session.ports.phone) { awaitCancellation() } }
            graph.unifiedPush.chooser()?.let { chooser -> graph.unifiedPush.chosen(graph.host.start(chooser)?.data) }
        }
    }

    /** A link never does anything: the root asks about it, once the app is unlocked. */
    private fun follow(intent: Intent?) {
        if (intent == null || intent.flags and Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY != 0) return
        link = linkText(intent.action, intent.dataString) ?: return
        session()?.let(::tellLink)
    }

    private fun tellLink(session: Session) {
        link?.let { session.screens.root.on(RootEvent.LinkOpened(it)) }
        link = null
    }

    /** Secret until a screen is known to be harmless; no touch through what another app lays over this one. */
    private fun closeToOthers() {
        secure(true)
        window.decorView.filterTouchesWhenObscured = true
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) window.setHideOverlayWindows(true)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) setRecentsScreenshotEnabled(false)
    }

    override fun secure(secret: Boolean) {
        if (secret) {
            window.addFlags(WindowManager.LayoutParams.FLAG_SECURE)
        } else {
            window.clearFlags(WindowManager.LayoutParams.FLAG_SECURE)
        }
    }

    override fun keepLit(lit: Boolean) {
        window.decorView.keepScreenOn = lit
    }

    /** From Android 15 on a window lies under the bars and the keyboard; before, the system keeps it clear of them. */
    private fun keepClearOfBars() {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.VANILLA_ICE_CREAM) return
        window.decorView.findViewById<View>(android.R.id.content)?.setOnApplyWindowInsetsListener { view, insets ->
            val kinds = WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout() or WindowInsets.Type.ime()
            val taken = insets.getInsets(kinds)
            view.setPadding(taken.left, taken.top, taken.right, taken.bottom)
            WindowInsets.CONSUMED
        }
    }
}
