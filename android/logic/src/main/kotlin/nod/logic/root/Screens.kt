// The presenters that are there: one for each place on the stack, and those of the challenge and the lock.
package nod.logic.root

import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch
import nod.logic.Navigator
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.account.AccountPresenter
import nod.logic.backup.BackupPresenter
import nod.logic.challenge.ChallengePresenter
import nod.logic.code.AddCodePresenter
import nod.logic.code.CodeDetailsPresenter
import nod.logic.confirm.ConfirmPresenter
import nod.logic.enrol.EnrolEvent
import nod.logic.enrol.EnrolPresenter
import nod.logic.history.HistoryPresenter
import nod.logic.home.HomeEvent
import nod.logic.home.HomePresenter
import nod.logic.licences.LicencesPresenter
import nod.logic.lock.LockPresenter
import nod.logic.movenew.MoveNewEvent
import nod.logic.movenew.MoveNewPresenter
import nod.logic.moveold.MoveOldEvent
import nod.logic.moveold.MoveOldPresenter
import nod.logic.scan.ScanPresenter
import nod.logic.settings.SettingsEvent
import nod.logic.settings.SettingsPresenter
import nod.logic.welcome.WelcomePresenter
import nod.logic.words.Language

/** Made once, with the app; the views ask it for the presenter of the place that they draw. Not for several threads. */
class Screens(
    private val ports: Ports,
    private val scope: CoroutineScope,
    private val languageChanged: (Language?) -> Unit,
) {
    val root = RootPresenter(ports, scope)

    private val presenters = ConcurrentHashMap<Route, Presenter<*, *, *>>()
    private var challenge: Pair<String, ChallengePresenter>? = null
    private var lock: LockPresenter? = null

    init {
        // What another screen, another app or the phone's settings may have changed is looked at again.
        val there = root.state.map { it.shown to (it.awaySince == null) }
        scope.launch {
            there.distinctUntilChanged().collect { (shown, awake) ->
                ports.awake.value = awake
                if (awake) lookedAtAgain(shown)
            }
        }
    }

    /** The presenter of a place on the stack. What is no longer on the stack has ended. */
    fun of(route: Route): Presenter<*, *, *> {
        val there = root.state.value.stack
        presenters.keys.filter { it !in there && it != route }.forEach { presenters.remove(it)?.close() }
        return presenters.getOrPut(route) { made(route) }
    }

    /** The challenge that is shown above everything; none when it is no longer there. */
    fun challenge(): ChallengePresenter? {
        val id = root.state.value.challenge
        challenge?.let { (shown, presenter) ->
            if (shown == id) return presenter
            presenter.close()
            challenge = null
        }
        if (id == null) return null
        val pending = ports.phone.pending()
        val found = pending.find { it.id == id }
        if (found == null) {
            root.on(RootEvent.ChallengeClosed(pending.firstOrNull()?.id))
            return null
        }
        val made = ChallengePresenter(ports, found, { root.on(RootEvent.ChallengeClosed(it)) }, scope)
        challenge = id to made
        return made
    }

    fun lock(): LockPresenter = lock ?: LockPresenter(ports.user, ::unlocked, scope).also { lock = it }

    /** Back on a screen that has something to cancel. */
    fun cancelShown() {
        when (val shown = presenters[root.state.value.shown]) {
            is EnrolPresenter -> shown.on(EnrolEvent.CancelPressed)
            is MoveOldPresenter -> shown.on(MoveOldEvent.CancelPressed)
            is MoveNewPresenter -> shown.on(MoveNewEvent.CancelPressed)
            else -> root.leave()
        }
    }

    private fun lookedAtAgain(route: Route) {
        when (val shown = presenters[route]) {
            is HomePresenter -> shown.on(HomeEvent.Opened)
            is SettingsPresenter -> shown.on(SettingsEvent.Opened)
            else -> return
        }
    }

    private fun unlocked() {
        lock?.close()
        lock = null
        root.on(RootEvent.Unlocked)
    }

    private fun made(route: Route): Presenter<*, *, *> {
        val navigator = Leaving(route)
        return when (route) {
            Route.Welcome -> WelcomePresenter(navigator, scope)
            Route.Home -> HomePresenter(ports, navigator, scope)
            is Route.Scan -> ScanPresenter(ports, navigator, route.paste, scope)
            is Route.Enrol -> EnrolPresenter(ports.phone, navigator, route.text, scope)
            Route.AddCode -> AddCodePresenter(ports.phone, navigator, scope)
            is Route.CodeDetails -> CodeDetailsPresenter(ports.phone, navigator, route.id, scope)
            is Route.Account -> AccountPresenter(ports.phone, navigator, route.id, scope)
            Route.History -> HistoryPresenter(ports, navigator, scope)
            Route.Settings -> SettingsPresenter(ports, navigator, ::lockChanged, languageChanged, scope)
            is Route.Backup -> BackupPresenter(ports, navigator, route.mode, scope)
            Route.Licences -> LicencesPresenter(navigator, scope)
            Route.MoveOld -> MoveOldPresenter(ports, navigator, scope)
            is Route.MoveNew -> MoveNewPresenter(ports.phone, navigator, route.text, scope)
            is Route.Confirm -> ConfirmPresenter(ports.phone, navigator, route.text, scope)
        }
    }

    private fun lockChanged(on: Boolean) = root.on(RootEvent.LockChanged(on))

    /** What is left is done with: the same place, opened again, begins anew. */
    private inner class Leaving(private val route: Route) : Navigator by root {
        override fun leave() {
            val left = presenters.remove(route)
            root.leave()
            left?.close()
        }
    }
}
