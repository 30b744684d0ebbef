// The home screen's rules.
package nod.logic.home

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.logic.AccountEnd
import nod.logic.CodeEntry
import nod.logic.OfflineReason
import nod.logic.PhoneError
import nod.logic.PhoneEvent
import nod.logic.Relay
import nod.logic.account
import nod.logic.counted
import nod.logic.does
import nod.logic.gives
import nod.logic.root.Route
import nod.logic.timed

class HomeTest {
    private fun HomeState.after(vararg events: HomeEvent): HomeState =
        events.fold(this) { state, event -> reduce(state, event).state }

    private fun loaded(vararg codes: CodeEntry) =
        HomeState().after(HomeEvent.AccountsLoaded(listOf(account())), HomeEvent.CodesLoaded(codes.asList(), 100.0))

    @Test
    fun `it is loading until both lists are there`() {
        assertTrue(HomeState().loading)
        assertTrue(HomeState().after(HomeEvent.AccountsLoaded(emptyList())).loading)
        assertFalse(loaded().loading)
        assertFalse(HomeState().after(HomeEvent.Failed(PhoneError.Storage)).loading)
    }

    @Test
    fun `a code whose period has ended is read anew and only once`() {
        val codes = loaded(timed("one", secondsLeft = 10.0))
        reduce(codes, HomeEvent.Tick(109.9)).does()
        val reloading = reduce(codes, HomeEvent.Tick(110.0)).does(HomeEffect.LoadCodes)
        reduce(reloading, HomeEvent.Tick(110.2)).does()
        val fresh = reloading.after(HomeEvent.CodesLoaded(listOf(timed("one", 29.8, code = "777777")), 110.2))
        assertEquals("777777", fresh.codes.single().code)
        reduce(fresh, HomeEvent.Tick(111.0)).does()
    }

    @Test
    fun `the ring and the seconds count down`() {
        val code = loaded(timed("one", secondsLeft = 15.0)).codes.single()
        assertEquals(15 to 0.5f, code.left(100.0) to code.ring(100.0))
        assertEquals(0 to 0f, code.left(200.0) to code.ring(200.0))
        assertEquals(null to null, loaded(counted("three")).codes.single().run { left(100.0) to ring(100.0) })
    }

    @Test
    fun `pressing a code copies it and says so`() {
        val state = reduce(loaded(timed("one", 10.0)), HomeEvent.CodePressed("one")).does(HomeEffect.Copy("123456"))
        assertEquals(HomeMessage.Copied, state.message)
        assertEquals(null, state.after(HomeEvent.MessageGone).message)
        reduce(loaded(counted("three")), HomeEvent.CodePressed("three")).does(HomeEffect.NextCode("three"))
    }

    @Test
    fun `a counter's code is in sight for a minute and outlives a reload`() {
        val shown = loaded(counted("three")).after(HomeEvent.NextCodeShown("three", "254676", 100.0))
        assertEquals("254676", shown.codes.single().code)
        assertEquals("254676", shown.after(HomeEvent.CodesLoaded(listOf(counted("three")), 120.0)).codes.single().code)
        assertEquals(null, shown.after(HomeEvent.Tick(160.0)).codes.single().code)
        reduce(shown, HomeEvent.Tick(160.0)).does()
    }

    @Test
    fun `a relay that is away is shown until it is back`() {
        val offline = HomeState().after(HomeEvent.Phone(PhoneEvent.Offline("r", OfflineReason.Untrusted, 8.0), 100.0))
        assertEquals(listOf(OfflineRelay("r", OfflineReason.Untrusted, 108.0)), offline.offline)
        val looked = offline.after(HomeEvent.RelaysLoaded(listOf(Relay("r", false, 4.0, false)), 104.0))
        assertEquals(OfflineReason.Untrusted, looked.offline.single().reason)
        assertEquals(emptyList(), offline.after(HomeEvent.Phone(PhoneEvent.Online("r"), 105.0)).offline)
        val asked = offline.after(HomeEvent.Phone(PhoneEvent.Offline("r", OfflineReason.Asked, null), 106.0))
        assertEquals(emptyList(), asked.offline)
    }

    @Test
    fun `another copy of the phone is told from a relay that is away`() {
        val relays = listOf(Relay("here", true, null, false), Relay("there", false, null, true), Relay("new", false, null, false))
        val state = HomeState().after(HomeEvent.RelaysLoaded(relays, 100.0))
        assertEquals(listOf(OfflineRelay("there", OfflineReason.Replaced, null)), state.offline)
    }

    @Test
    fun `what happens to the phone is looked at again`() {
        val removed = HomeEvent.Phone(PhoneEvent.AccountRemoved("a", AccountEnd.Moved), 0.0)
        reduce(HomeState(), removed).does(HomeEffect.LoadAccounts, HomeEffect.LoadRelays)
        reduce(HomeState(), HomeEvent.Phone(PhoneEvent.Challenge("c"), 0.0)).does(HomeEffect.LoadPending)
        assertEquals(4, reduce(HomeState(), HomeEvent.Phone(PhoneEvent.Missed, 0.0)).effects.size)
    }

    @Test
    fun `each button leads where it says`() {
        val state = loaded(timed("one", 10.0))
        reduce(state, HomeEvent.AccountPressed("a")).gives(state, HomeEffect.Open(Route.Account("a")))
        reduce(state, HomeEvent.CodeMorePressed("one")).gives(state, HomeEffect.Open(Route.CodeDetails("one")))
        reduce(state, HomeEvent.AddPressed).gives(state, HomeEffect.Open(Route.Scan()))
        reduce(state, HomeEvent.MovePressed).gives(state, HomeEffect.Open(Route.MoveOld))
        reduce(state, HomeEvent.HistoryPressed).gives(state, HomeEffect.Open(Route.History))
        reduce(state, HomeEvent.SettingsPressed).gives(state, HomeEffect.Open(Route.Settings))
        reduce(state, HomeEvent.NotificationsPressed).gives(state, HomeEffect.AskNotifications)
        assertTrue(state.after(HomeEvent.NotificationsKnown(false)).notificationsOff)
    }

    @Test
    fun `no code is in a description`() {
        val state = loaded(timed("one", 10.0)).after(HomeEvent.NextCodeShown("one", "123456", 0.0))
        val texts = listOf(state, HomeEvent.NextCodeShown("one", "123456", 0.0), HomeEffect.Copy("123456"))
        assertFalse(texts.any { "123456" in it.toString() })
    }
}
