// Accounts and one-time codes, and what keeps requests from reaching this phone.
package nod.logic.home

import nod.logic.Account
import nod.logic.CodeEntry
import nod.logic.Next
import nod.logic.OfflineReason
import nod.logic.PhoneError
import nod.logic.PhoneEvent
import nod.logic.Relay
import nod.logic.root.Route
import nod.logic.secondsLeft
import nod.logic.then

/** For so long the next code of a counter-based entry stays in sight. */
const val SHOWN_S = 60.0

/** One one-time code as it is shown. */
data class ShownCode(
    val id: String,
    val issuer: String,
    val account: String,
    val digits: Int,
    /** What it shows now; none for a counter-based one that was not asked for its next. */
    val code: String?,
    /** When `code` goes; none for a counter-based one that shows nothing. */
    val deadline: Double?,
    /** The length of a period in seconds; none for a counter-based one. */
    val period: Int?,
) {
    /** Who it is for, as it is said aloud. */
    val name: String get() = issuer.ifEmpty { account }

    fun left(now: Double): Int? = deadline?.let { secondsLeft(it, now) }

    /** What is left, as a part of the period: 1 at the beginning, 0 at the end. */
    fun ring(now: Double): Float? {
        val whole = period ?: return null
        return deadline?.let { ((it - now) / whole).coerceIn(0.0, 1.0).toFloat() }
    }

    override fun toString() = "ShownCode(id=$id)"
}

/** A relay that this phone is not connected to. */
data class OfflineRelay(
    val relay: String,
    val reason: OfflineReason,
    /** When the next attempt is made; none when there is no further one. */
    val retryAt: Double?,
)

enum class HomeMessage { Copied }

data class HomeState(
    val accounts: List<Account> = emptyList(),
    val codes: List<ShownCode> = emptyList(),
    val now: Double = 0.0,
    val offline: List<OfflineRelay> = emptyList(),
    val notificationsOff: Boolean = false,
    /** How many challenges wait. */
    val pending: Int = 0,
    val message: HomeMessage? = null,
    val error: PhoneError? = null,
    val accountsLoaded: Boolean = false,
    val codesLoaded: Boolean = false,
    /** Whether the codes are being read anew, because a period has ended. */
    val reloading: Boolean = false,
) {
    val loading: Boolean get() = !accountsLoaded || !codesLoaded
}

sealed interface HomeEvent {
    data object Opened : HomeEvent
    data class AccountsLoaded(val accounts: List<Account>) : HomeEvent
    data class CodesLoaded(val codes: List<CodeEntry>, val now: Double) : HomeEvent
    data class RelaysLoaded(val relays: List<Relay>, val now: Double) : HomeEvent
    data class PendingKnown(val count: Int) : HomeEvent
    data class NotificationsKnown(val allowed: Boolean) : HomeEvent
    data class Phone(val event: PhoneEvent, val now: Double) : HomeEvent
    data class Tick(val now: Double) : HomeEvent
    data class AccountPressed(val id: String) : HomeEvent
    data class CodePressed(val id: String) : HomeEvent
    data class NextCodePressed(val id: String) : HomeEvent
    data class NextCodeShown(val id: String, val code: String, val now: Double) : HomeEvent {
        override fun toString() = "NextCodeShown($id)"
    }

    data class CodeMorePressed(val id: String) : HomeEvent
    data object AddPressed : HomeEvent
    data object HistoryPressed : HomeEvent
    data object SettingsPressed : HomeEvent
    data object MovePressed : HomeEvent
    data object NotificationsPressed : HomeEvent
    data class Failed(val error: PhoneError) : HomeEvent

    /** The message was shown long enough. */
    data object MessageGone : HomeEvent
}

sealed interface HomeEffect {
    data object LoadAccounts : HomeEffect
    data object LoadCodes : HomeEffect
    data object LoadRelays : HomeEffect
    data object LoadPending : HomeEffect
    data object LoadNotifications : HomeEffect
    data object AskNotifications : HomeEffect
    data class Copy(val code: String) : HomeEffect {
        override fun toString() = "Copy"
    }

    data class NextCode(val id: String) : HomeEffect
    data class Open(val route: Route) : HomeEffect
}

/** What follows an event. */
fun reduce(state: HomeState, event: HomeEvent): Next<HomeState, HomeEffect> = when (event) {
    HomeEvent.Opened -> state.then(
        HomeEffect.LoadAccounts,
        HomeEffect.LoadCodes,
        HomeEffect.LoadRelays,
        HomeEffect.LoadPending,
        HomeEffect.LoadNotifications,
    )
    is HomeEvent.AccountsLoaded -> state.copy(accounts = event.accounts, accountsLoaded = true).then()
    is HomeEvent.CodesLoaded -> state.copy(
        codes = event.codes.map { shown(it, event.now, state.codes) },
        now = event.now,
        codesLoaded = true,
        reloading = false,
    ).then()
    is HomeEvent.RelaysLoaded -> state.copy(offline = event.relays.mapNotNull { offline(it, event.now, state) }).then()
    is HomeEvent.PendingKnown -> state.copy(pending = event.count).then()
    is HomeEvent.NotificationsKnown -> state.copy(notificationsOff = !event.allowed).then()
    is HomeEvent.Phone -> phone(state, event.event, event.now)
    is HomeEvent.Tick -> ticked(state, event.now)
    is HomeEvent.AccountPressed -> state.then(HomeEffect.Open(Route.Account(event.id)))
    is HomeEvent.CodePressed -> pressed(state, event.id)
    is HomeEvent.NextCodePressed -> state.copy(error = null).then(HomeEffect.NextCode(event.id))
    is HomeEvent.NextCodeShown -> state.copy(
        codes = state.codes.map {
            if (it.id == event.id) it.copy(code = event.code, deadline = event.now + SHOWN_S) else it
        },
        error = null,
    ).then()
    is HomeEvent.CodeMorePressed -> state.then(HomeEffect.Open(Route.CodeDetails(event.id)))
    HomeEvent.AddPressed -> state.then(HomeEffect.Open(Route.Scan()))
    HomeEvent.HistoryPressed -> state.then(HomeEffect.Open(Route.History))
    HomeEvent.SettingsPressed -> state.then(HomeEffect.Open(Route.Settings))
    HomeEvent.MovePressed -> state.then(HomeEffect.Open(Route.MoveOld))
    HomeEvent.NotificationsPressed -> state.then(HomeEffect.AskNotifications)
    is HomeEvent.Failed ->
        state.copy(error = event.error, accountsLoaded = true, codesLoaded = true, reloading = false).then()
    HomeEvent.MessageGone -> state.copy(message = null).then()
}

private fun pressed(state: HomeState, id: String): Next<HomeState, HomeEffect> {
    val entry = state.codes.find { it.id == id } ?: return state.then()
    val code = entry.code ?: return state.copy(error = null).then(HomeEffect.NextCode(id))
    return state.copy(message = HomeMessage.Copied, error = null).then(HomeEffect.Copy(code))
}

/** A code whose period has ended is read anew, never computed here; a counter's code that was shown goes. */
private fun ticked(state: HomeState, now: Double): Next<HomeState, HomeEffect> {
    val over = state.codes.filter { it.deadline != null && now >= it.deadline }
    val hidden = over.filter { it.period == null }.map { it.id }.toSet()
    val next = state.copy(
        now = now,
        codes = state.codes.map { if (it.id in hidden) it.copy(code = null, deadline = null) else it },
    )
    val reload = !state.reloading && over.any { it.period != null }
    return if (reload) next.copy(reloading = true).then(HomeEffect.LoadCodes) else next.then()
}

private fun shown(entry: CodeEntry, now: Double, before: List<ShownCode>): ShownCode {
    val timed = entry.now
    // What a counter-based entry shows is kept until its time is over: each code is given once.
    val counted = before.find { it.id == entry.id }?.takeIf { timed == null && it.period == null }
    return ShownCode(
        id = entry.id,
        issuer = entry.issuer,
        account = entry.account,
        digits = entry.digits,
        code = timed?.code ?: counted?.code,
        deadline = timed?.let { now + it.secondsLeft } ?: counted?.deadline,
        period = timed?.periodS,
    )
}

private fun offline(relay: Relay, now: Double, state: HomeState): OfflineRelay? {
    if (relay.online) return null
    val known = state.offline.find { it.relay == relay.relay }?.reason
    val reason = if (relay.replaced) OfflineReason.Replaced else known ?: OfflineReason.Unreachable
    // While the first attempt is being made there is nothing to tell.
    if (relay.retryInS == null && !relay.replaced && known == null) return null
    return OfflineRelay(relay.relay, reason, relay.retryInS?.let { now + it })
}

private fun phone(state: HomeState, event: PhoneEvent, now: Double): Next<HomeState, HomeEffect> = when (event) {
    is PhoneEvent.Online -> state.copy(offline = state.offline.filter { it.relay != event.relay }).then()
    is PhoneEvent.Offline -> {
        val others = state.offline.filter { it.relay != event.relay }
        // Disconnecting was this app's own wish.
        val now = if (event.reason == OfflineReason.Asked) null
        else OfflineRelay(event.relay, event.reason, event.retryInS?.let { now + it })
        state.copy(offline = others + listOfNotNull(now)).then()
    }
    is PhoneEvent.Challenge, is PhoneEvent.ChallengeGone, is PhoneEvent.Decided -> state.then(HomeEffect.LoadPending)
    is PhoneEvent.AccountAdded, is PhoneEvent.AccountRemoved, is PhoneEvent.AccountChanged ->
        state.then(HomeEffect.LoadAccounts, HomeEffect.LoadRelays)
    is PhoneEvent.MoveEnded -> state.then(HomeEffect.LoadAccounts, HomeEffect.LoadCodes)
    PhoneEvent.Missed ->
        state.then(HomeEffect.LoadAccounts, HomeEffect.LoadCodes, HomeEffect.LoadRelays, HomeEffect.LoadPending)
    is PhoneEvent.AnswerRefused,
    is PhoneEvent.EnrolmentFailed,
    is PhoneEvent.EnrolmentVerified,
    PhoneEvent.MoveChanged,
    -> state.then()
}
