// Where the app is, by the rules of docs/screens.md.
package nod.logic.root

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.logic.AccountEnd
import nod.logic.MoveSide
import nod.logic.MoveStage
import nod.logic.MovingAccountState
import nod.logic.PhoneEvent
import nod.logic.does
import nod.logic.move

class RootTest {
    private val home = RootState(started = true, stack = listOf(Route.Home))

    private fun started(
        accounts: Int = 1,
        codes: Int = 0,
        lockOn: Boolean = false,
        stage: MoveStage? = null,
        side: MoveSide = MoveSide.Old,
        pending: List<String> = emptyList(),
        before: RootState = RootState(),
    ): RootState {
        val moving = stage?.let { move(side, it, MovingAccountState.Announced) }
        return reduce(before, RootEvent.Started(accounts, codes, lockOn, moving, pending)).does(RootEffect.Connect)
    }

    private fun RootState.after(vararg events: RootEvent): RootState =
        events.fold(this) { state, event -> reduce(state, event).state }

    @Test
    fun `nothing on the phone begins with the welcome`() {
        assertEquals(Route.Welcome, started(accounts = 0).shown)
        assertEquals(Route.Home, started(accounts = 0, codes = 1).shown)
        assertEquals(Route.Home, started(accounts = 1).shown)
    }

    @Test
    fun `the bottom follows the first account and the last`() {
        val first = started(accounts = 0).after(RootEvent.Open(Route.Scan()), RootEvent.AccountsChanged(1))
        assertEquals(listOf(Route.Home, Route.Scan()), first.stack)
        val last = home.after(RootEvent.Open(Route.Account("a")), RootEvent.AccountsChanged(0), RootEvent.Closed)
        assertEquals(listOf<Route>(Route.Welcome), last.stack)
    }

    @Test
    fun `an account that comes or goes is counted`() {
        reduce(home, RootEvent.Phone(PhoneEvent.AccountAdded("a"))).does(RootEffect.CountAccounts)
        reduce(home, RootEvent.Phone(PhoneEvent.AccountRemoved("a", AccountEnd.Revoked))).does(RootEffect.CountAccounts)
        reduce(home, RootEvent.Phone(PhoneEvent.Missed)).does(RootEffect.CountAccounts, RootEffect.LoadPending)
    }

    @Test
    fun `a challenge is shown above everything and the next waits its turn`() {
        val locked = home.copy(locked = true).after(RootEvent.Phone(PhoneEvent.Challenge("one")))
        assertEquals("one", locked.challenge)
        val second = locked.after(RootEvent.Phone(PhoneEvent.Challenge("two")))
        assertEquals("one", second.challenge)
        assertEquals("two", second.after(RootEvent.ChallengeClosed("two")).challenge)
        assertEquals("old", started(pending = listOf("old", "new")).challenge)
    }

    @Test
    fun `a move under way is shown again`() {
        assertEquals(Route.MoveOld, started(stage = MoveStage.Moving).shown)
        assertEquals(Route.MoveNew(null), started(stage = MoveStage.Moving, side = MoveSide.New).shown)
        assertEquals(Route.Home, started(stage = MoveStage.Done).shown)
    }

    @Test
    fun `a link only ever asks`() {
        val linked = home.after(RootEvent.LinkOpened("nod:1/e?…"))
        assertEquals(Route.Confirm("nod:1/e?…"), linked.shown)
        assertEquals(null, linked.challenge)
        assertEquals(listOf(Route.Home, Route.Enrol("t")), linked.after(RootEvent.Open(Route.Enrol("t"))).stack)
    }

    @Test
    fun `a link waits for the start and for the lock`() {
        val early = RootState().after(RootEvent.LinkOpened("t"))
        assertEquals(Route.Welcome, early.shown)
        val locked = started(lockOn = true, before = early)
        assertEquals(Route.Home, locked.shown)
        assertEquals(Route.Confirm("t"), locked.after(RootEvent.Unlocked).shown)
    }

    @Test
    fun `the app locks itself after thirty seconds in the background`() {
        val on = started(lockOn = true).after(RootEvent.Unlocked)
        assertFalse(on.after(RootEvent.WentToBackground(100.0), RootEvent.CameToForeground(130.0)).locked)
        assertTrue(on.after(RootEvent.WentToBackground(100.0), RootEvent.CameToForeground(130.1)).locked)
        val off = started()
        assertFalse(off.after(RootEvent.WentToBackground(0.0), RootEvent.CameToForeground(9999.0)).locked)
        assertTrue(off.after(RootEvent.LockChanged(true), RootEvent.WentToBackground(0.0), RootEvent.CameToForeground(31.0)).locked)
    }

    @Test
    fun `back leaves the app at the bottom and cancels where something is under way`() {
        reduce(home, RootEvent.Back).does(RootEffect.LeaveApp)
        reduce(home.copy(challenge = "c", stack = listOf(Route.Home, Route.History)), RootEvent.Back).does(RootEffect.LeaveApp)
        reduce(home.copy(locked = true, stack = listOf(Route.Home, Route.History)), RootEvent.Back).does(RootEffect.LeaveApp)
        for (route in listOf(Route.Enrol("t"), Route.MoveOld, Route.MoveNew("t"))) {
            val state = reduce(home.copy(stack = listOf(Route.Home, route)), RootEvent.Back).does(RootEffect.CancelShown)
            assertEquals(route, state.shown)
        }
        assertEquals(Route.Home, home.copy(stack = listOf(Route.Home, Route.History)).after(RootEvent.Back).shown)
    }

    @Test
    fun `what was scanned leads back home and not to the scanner`() {
        val scanning = home.after(RootEvent.Open(Route.Scan()))
        assertEquals(listOf(Route.Home, Route.Enrol("t")), scanning.after(RootEvent.Open(Route.Enrol("t"))).stack)
        val moving = home.after(RootEvent.Open(Route.MoveNew("t")))
        assertEquals(listOf(Route.Home, Route.MoveNew("t"), Route.Confirm("x")), moving.after(RootEvent.LinkOpened("x")).stack)
        assertEquals(listOf(Route.Home, Route.Scan()), moving.after(RootEvent.Open(Route.Scan())).stack)
    }

    @Test
    fun `no text of a code is in a description`() {
        val state = home.after(RootEvent.LinkOpened("secret"), RootEvent.Open(Route.Enrol("secret")))
        val texts = listOf(state, RootEvent.LinkOpened("secret"), Route.MoveNew("secret"), state.copy(link = "secret"))
        assertFalse(texts.any { "secret" in it.toString() })
    }
}
