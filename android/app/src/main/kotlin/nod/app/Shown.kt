// Which screen is drawn: the challenge above the lock, the lock above the place where the user is.
package nod.app

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.SideEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.viewinterop.AndroidView
import kotlinx.coroutines.Dispatchers
import nod.app.scan.CameraView
import nod.app.scan.ZxingWriter
import nod.logic.PhoneError
import nod.logic.Presenter
import nod.logic.account.AccountPresenter
import nod.logic.backup.BackupPresenter
import nod.logic.code.AddCodePresenter
import nod.logic.code.CodeDetailsPresenter
import nod.logic.confirm.ConfirmPresenter
import nod.logic.enrol.EnrolPresenter
import nod.logic.history.HistoryPresenter
import nod.logic.home.HomePresenter
import nod.logic.licences.LicencesPresenter
import nod.logic.lock.LockEvent
import nod.logic.movenew.MoveNewPresenter
import nod.logic.moveold.MoveOldPresenter
import nod.logic.root.RootEvent
import nod.logic.root.Screens
import nod.logic.scan.ScanEvent
import nod.logic.scan.ScanPresenter
import nod.logic.settings.SettingsPresenter
import nod.logic.welcome.WelcomePresenter
import nod.logic.words.Words
import nod.ui.AccountScreen
import nod.ui.AddCodeScreen
import nod.ui.BackupScreen
import nod.ui.ChallengeScreen
import nod.ui.CodeDetailsScreen
import nod.ui.ConfirmScreen
import nod.ui.EnrolScreen
import nod.ui.HistoryScreen
import nod.ui.HomeScreen
import nod.ui.LicencesScreen
import nod.ui.LockScreen
import nod.ui.MoveNewScreen
import nod.ui.MoveOldScreen
import nod.ui.ScanScreen
import nod.ui.SettingsScreen
import nod.ui.VaultErrorScreen
import nod.ui.WelcomeScreen
import nod.ui.theme.Nod

/** How far the phone is opened. */
sealed interface Opening {
    data object Wait : Opening
    data class Failed(val error: PhoneError, val words: Words) : Opening
    data class Ready(val session: Session) : Opening
}

/** What a screen asks of the window. */
interface ShownWindow {
    /** Closes it to screenshots and to the list of recent apps, or opens it. */
    fun secure(secret: Boolean)

    /** Keeps the display lit, or leaves it to the phone. */
    fun keepLit(lit: Boolean)
}

@Composable
fun Shown(opening: Opening, retry: () -> Unit, window: ShownWindow) {
    Box(Modifier.fillMaxSize().background(Nod.colours.page)) {
        when (opening) {
            Opening.Wait -> Unit
            is Opening.Failed -> VaultErrorScreen(opening.error, opening.words, retry)
            is Opening.Ready -> Root(opening.session.screens, opening.session.words, window)
        }
    }
}

@Composable
private fun Root(screens: Screens, words: Words, window: ShownWindow) {
    val root by screens.root.state.collectAsState(Dispatchers.Main.immediate)
    // With the frame that first shows the secret, not after it.
    SideEffect {
        window.secure(isSecret(root))
        window.keepLit(staysLit(root))
    }
    BackHandler(enabled = backStays(root)) { screens.root.on(RootEvent.Back) }
    if (!root.started) return
    val asked = root.challenge
    when {
        asked != null -> {
            val challenge = remember(asked) { screens.challenge() } ?: return
            key(asked) { Drawn(challenge) { state, on -> ChallengeScreen(state, words, on) } }
        }
        root.locked -> {
            val lock = remember { screens.lock() }
            LaunchedEffect(lock) { lock.on(LockEvent.Shown) }
            Drawn(lock) { state, on -> LockScreen(state, words, on) }
        }
        else -> key(root.shown) { Place(remember(root.shown) { screens.of(root.shown) }, words) }
    }
}

@Composable
private fun Place(presenter: Presenter<*, *, *>, words: Words) = when (presenter) {
    is WelcomePresenter -> Drawn(presenter) { state, on -> WelcomeScreen(state, words, on) }
    is HomePresenter -> Drawn(presenter) { state, on -> HomeScreen(state, words, on) }
    is ScanPresenter -> Drawn(presenter) { state, on ->
        ScanScreen(state, words, on) { modifier -> Camera(modifier) { on(ScanEvent.Found(it)) } }
    }
    is EnrolPresenter -> Drawn(presenter) { state, on -> EnrolScreen(state, words, on) }
    is AddCodePresenter -> Drawn(presenter) { state, on -> AddCodeScreen(state, words, on) }
    is CodeDetailsPresenter -> Drawn(presenter) { state, on -> CodeDetailsScreen(state, words, on) }
    is AccountPresenter -> Drawn(presenter) { state, on -> AccountScreen(state, words, on) }
    is HistoryPresenter -> Drawn(presenter) { state, on -> HistoryScreen(state, words, on) }
    is SettingsPresenter -> Drawn(presenter) { state, on -> SettingsScreen(state, words, on) }
    is BackupPresenter -> Drawn(presenter) { state, on -> BackupScreen(state, words, on) }
    is LicencesPresenter -> Drawn(presenter) { state, on -> LicencesScreen(state, words, on) }
    is MoveOldPresenter -> Drawn(presenter) { state, on -> MoveOldScreen(state, words, on, ZxingWriter) }
    is MoveNewPresenter -> Drawn(presenter) { state, on -> MoveNewScreen(state, words, on) }
    is ConfirmPresenter -> Drawn(presenter) { state, on -> ConfirmScreen(state, words, on) }
    else -> error("no screen for ${presenter.javaClass.name}")
}

/** At once, and not with the next frame: a text field must show what was typed into it. */
@Composable
private fun <S : Any, E : Any> Drawn(presenter: Presenter<S, E, *>, screen: @Composable (S, (E) -> Unit) -> Unit) {
    val state by presenter.state.collectAsState(Dispatchers.Main.immediate)
    screen(state, presenter::on)
}

@Composable
private fun Camera(modifier: Modifier, found: (String) -> Unit) {
    AndroidView(factory = { CameraView(it, found) }, modifier = modifier)
}
