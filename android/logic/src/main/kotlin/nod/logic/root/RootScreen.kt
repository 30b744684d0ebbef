// Where the app is: the stack of places, the lock, and the challenge above everything.
package nod.logic.root

import nod.logic.Move
import nod.logic.MoveSide
import nod.logic.Next
import nod.logic.PhoneEvent
import nod.logic.then

/** After so many seconds in the background the app is locked. */
const val LOCK_AFTER_S = 30.0

data class RootState(
    val started: Boolean = false,
    val locked: Boolean = false,
    val lockOn: Boolean = false,
    /** The last is shown. */
    val stack: List<Route> = listOf(Route.Welcome),
    /** The challenge that is shown above everything, also above the lock. */
    val challenge: String? = null,
    /** What another app opened while the app was locked or starting. */
    val link: String? = null,
    /** Since when the app is in the background. */
    val awaySince: Double? = null,
) {
    val shown: Route get() = stack.last()

    override fun toString() = "RootState(started=$started, locked=$locked, stack=$stack, challenge=$challenge)"
}

sealed interface RootEvent {
    /** `accounts` and `codes` say how many there are; `pending` names the challenges that wait, oldest first. */
    data class Started(
        val accounts: Int,
        val codes: Int,
        val lockOn: Boolean,
        val move: Move?,
        val pending: List<String>,
    ) : RootEvent

    data class Phone(val event: PhoneEvent) : RootEvent
    data class Open(val route: Route) : RootEvent
    data object Back : RootEvent

    /** The screen that is shown has closed itself. */
    data object Closed : RootEvent

    /** The challenge was looked at to its end; `next` is another one that waits. */
    data class ChallengeClosed(val next: String?) : RootEvent

    /** Another app opened a text with this one. */
    data class LinkOpened(val text: String) : RootEvent {
        override fun toString() = "LinkOpened"
    }

    data class WentToBackground(val now: Double) : RootEvent
    data class CameToForeground(val now: Double) : RootEvent
    data object Unlocked : RootEvent
    data class LockChanged(val on: Boolean) : RootEvent

    /** How many accounts and one-time codes there are now. */
    data class AccountsChanged(val count: Int) : RootEvent

    /** Which challenges wait, oldest first, after events were missed. */
    data class PendingKnown(val pending: List<String>) : RootEvent
}

sealed interface RootEffect {
    /** The screen that is shown is asked to cancel what it does, and to close itself. */
    data object CancelShown : RootEffect
    data object LeaveApp : RootEffect
    data object CountAccounts : RootEffect
    data object LoadPending : RootEffect

    /** The app is there again: relays that are being waited for are tried at once. */
    data object Connect : RootEffect
}

/** What follows an event. */
fun reduce(state: RootState, event: RootEvent): Next<RootState, RootEffect> = when (event) {
    is RootEvent.Started -> started(state, event)
    is RootEvent.Phone -> phone(state, event.event)
    is RootEvent.Open -> state.copy(stack = opened(state.stack, event.route)).then()
    RootEvent.Back -> back(state)
    RootEvent.Closed -> state.copy(stack = popped(state.stack)).then(RootEffect.CountAccounts)
    is RootEvent.ChallengeClosed -> state.copy(challenge = event.next).then()
    is RootEvent.LinkOpened -> followed(state.copy(link = event.text)).then()
    is RootEvent.WentToBackground -> state.copy(awaySince = event.now).then()
    is RootEvent.CameToForeground -> foreground(state, event.now)
    RootEvent.Unlocked -> followed(state.copy(locked = false)).then()
    is RootEvent.LockChanged -> state.copy(lockOn = event.on).then()
    is RootEvent.AccountsChanged -> state.copy(stack = grounded(state.stack, event.count)).then()
    is RootEvent.PendingKnown -> state.copy(challenge = state.challenge ?: event.pending.firstOrNull()).then()
}

private fun started(state: RootState, event: RootEvent.Started): Next<RootState, RootEffect> {
    val bottom = grounded(listOf(Route.Welcome), event.accounts + event.codes)
    val moving = event.move?.takeUnless { it.stage.over }?.let {
        when (it.side) {
            MoveSide.Old -> Route.MoveOld
            MoveSide.New -> Route.MoveNew(null)
        }
    }
    val begun = state.copy(
        started = true,
        locked = event.lockOn,
        lockOn = event.lockOn,
        stack = bottom + listOfNotNull(moving),
        challenge = state.challenge ?: event.pending.firstOrNull(),
    )
    return followed(begun).then(RootEffect.Connect)
}

private fun phone(state: RootState, event: PhoneEvent): Next<RootState, RootEffect> = when (event) {
    is PhoneEvent.Challenge -> state.copy(challenge = state.challenge ?: event.id).then()
    is PhoneEvent.AccountAdded, is PhoneEvent.AccountRemoved -> state.then(RootEffect.CountAccounts)
    is PhoneEvent.MoveEnded -> state.then(RootEffect.CountAccounts)
    PhoneEvent.Missed -> state.then(RootEffect.CountAccounts, RootEffect.LoadPending)
    is PhoneEvent.AccountChanged,
    is PhoneEvent.AnswerRefused,
    is PhoneEvent.ChallengeGone,
    is PhoneEvent.Decided,
    is PhoneEvent.EnrolmentFailed,
    is PhoneEvent.EnrolmentVerified,
    PhoneEvent.MoveChanged,
    is PhoneEvent.Offline,
    is PhoneEvent.Online,
    -> state.then()
}

private fun back(state: RootState): Next<RootState, RootEffect> {
    val shown = state.shown
    return when {
        // A challenge is denied, not left; the lock is not passed by.
        state.challenge != null || state.locked || state.stack.size == 1 -> state.then(RootEffect.LeaveApp)
        shown is Route.Enrol || shown == Route.MoveOld || shown is Route.MoveNew -> state.then(RootEffect.CancelShown)
        else -> state.copy(stack = popped(state.stack)).then(RootEffect.CountAccounts)
    }
}

private fun foreground(state: RootState, now: Double): Next<RootState, RootEffect> {
    val away = state.awaySince?.let { now - it } ?: 0.0
    val locked = state.locked || (state.lockOn && away > LOCK_AFTER_S)
    return state.copy(locked = locked, awaySince = null).then(RootEffect.Connect, RootEffect.LoadPending)
}

/** What leads to somewhere else is left behind: from an account one goes back home, not to the scanner. */
private fun opened(stack: List<Route>, route: Route): List<Route> {
    val last = stack.last()
    val leads = last is Route.Scan || last is Route.Confirm || (last is Route.MoveNew && route is Route.Scan)
    return (if (leads) popped(stack) else stack) + route
}

private fun popped(stack: List<Route>): List<Route> = if (stack.size > 1) stack.dropLast(1) else stack

private fun grounded(stack: List<Route>, count: Int): List<Route> =
    listOf(if (count == 0) Route.Welcome else Route.Home) + stack.drop(1)

/** A link is asked about once the app has started and is unlocked. It never does anything by itself. */
private fun followed(state: RootState): RootState {
    val link = state.link
    return if (link == null || !state.started || state.locked) state
    else state.copy(link = null, stack = opened(state.stack, Route.Confirm(link)))
}
