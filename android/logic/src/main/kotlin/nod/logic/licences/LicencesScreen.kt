// The licences of what the app is built on. The view has the list; there is nothing to do but go back.
package nod.logic.licences

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Next
import nod.logic.Presenter
import nod.logic.then

data object LicencesState

enum class LicencesEvent { BackPressed }

enum class LicencesEffect { Close }

/** What follows an event. */
fun reduce(state: LicencesState, event: LicencesEvent): Next<LicencesState, LicencesEffect> = when (event) {
    LicencesEvent.BackPressed -> state.then(LicencesEffect.Close)
}

class LicencesPresenter(private val navigator: Navigator, scope: CoroutineScope) :
    Presenter<LicencesState, LicencesEvent, LicencesEffect>(LicencesState, scope, ::reduce) {
    override suspend fun run(effect: LicencesEffect) = when (effect) {
        LicencesEffect.Close -> navigator.leave()
    }
}
