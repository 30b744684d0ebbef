// Runs the home screen's effects and follows the phone and the time.
package nod.logic.home

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.ticks

class HomePresenter(private val ports: Ports, private val navigator: Navigator, scope: CoroutineScope) :
    Presenter<HomeState, HomeEvent, HomeEffect>(HomeState(now = ports.clock.now()), scope, ::reduce) {
    private val phone = ports.phone
    private val clock = ports.clock

    init {
        follow(phone.events()) { HomeEvent.Phone(it, clock.now()) }
        follow(ports.ticks()) { HomeEvent.Tick(it) }
        on(HomeEvent.Opened)
    }

    override suspend fun run(effect: HomeEffect) = when (effect) {
        HomeEffect.LoadAccounts -> call(HomeEvent::Failed, HomeEvent::AccountsLoaded) { phone.accounts() }
        HomeEffect.LoadCodes ->
            call(HomeEvent::Failed, { HomeEvent.CodesLoaded(it, clock.now()) }) { phone.codes() }
        HomeEffect.LoadRelays -> on(HomeEvent.RelaysLoaded(phone.relays(), clock.now()))
        HomeEffect.LoadPending -> on(HomeEvent.PendingKnown(phone.pending().size))
        HomeEffect.LoadNotifications -> on(HomeEvent.NotificationsKnown(ports.permissions.notifications()))
        HomeEffect.AskNotifications -> on(HomeEvent.NotificationsKnown(ports.permissions.askNotifications()))
        is HomeEffect.Copy -> ports.clipboard.copy(effect.code)
        is HomeEffect.NextCode -> call(
            HomeEvent::Failed,
            { HomeEvent.NextCodeShown(effect.id, it, clock.now()) },
        ) { phone.nextCode(effect.id) }
        is HomeEffect.Open -> navigator.open(effect.route)
    }
}
