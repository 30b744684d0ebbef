// The first screen: what Nod does, and where to begin.
package nod.logic.welcome

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Next
import nod.logic.Presenter
import nod.logic.root.BackupMode
import nod.logic.root.Route
import nod.logic.then

data object WelcomeState

enum class WelcomeEvent { ScanPressed, PastePressed, RestorePressed }

sealed interface WelcomeEffect {
    data class Open(val route: Route) : WelcomeEffect
}

/** What follows an event. */
fun reduce(state: WelcomeState, event: WelcomeEvent): Next<WelcomeState, WelcomeEffect> = when (event) {
    WelcomeEvent.ScanPressed -> state.then(WelcomeEffect.Open(Route.Scan()))
    WelcomeEvent.PastePressed -> state.then(WelcomeEffect.Open(Route.Scan(paste = true)))
    WelcomeEvent.RestorePressed -> state.then(WelcomeEffect.Open(Route.Backup(BackupMode.Restore)))
}

class WelcomePresenter(private val navigator: Navigator, scope: CoroutineScope) :
    Presenter<WelcomeState, WelcomeEvent, WelcomeEffect>(WelcomeState, scope, ::reduce) {
    override suspend fun run(effect: WelcomeEffect) = when (effect) {
        is WelcomeEffect.Open -> navigator.open(effect.route)
    }
}
