// The presenters, for as long as the process lives: turning the phone or going away for a moment changes nothing.
package nod.app

import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import nod.logic.Ports
import nod.logic.root.RootEffect
import nod.logic.root.Screens
import nod.logic.words.Words

/** To be made and used on the main thread. */
class Session(val ports: Ports, private val graph: Graph) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    /** The texts in the language that holds now. */
    var words: Words by mutableStateOf(graph.settings.words())
        private set

    val screens = Screens(ports, scope) { languageChanged() }

    init {
        scope.launch { screens.root.outside.collect(::outside) }
    }

    /** The language was changed, here or in the phone's settings. */
    fun languageChanged() {
        words = graph.settings.words()
        graph.notifications.makeChannels()
    }

    private fun outside(effect: RootEffect) = when (effect) {
        RootEffect.CancelShown -> screens.cancelShown()
        RootEffect.LeaveApp -> graph.onScreen.run { it.moveTaskToBack(true) }
        RootEffect.CountAccounts, RootEffect.LoadPending, RootEffect.Connect -> Unit
    }
}
