// The challenge's rules, by docs/screens.md.
package nod.logic.challenge

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.Context
import nod.logic.PhoneError
import nod.logic.does
import nod.logic.gives
import nod.logic.pending

class ChallengeTest {
    private val fresh = shown(pending(), now = 100.0, others = 0)
    private val armed = fresh.after(ChallengeEvent.Tick(101.0))
    private val typed = armed.after(ChallengeEvent.DigitsTyped("42"))

    private fun ChallengeState.after(vararg events: ChallengeEvent): ChallengeState =
        events.fold(this) { state, event -> reduce(state, event).state }

    private fun ChallengeState.endsAs(end: ChallengeEnd) = assertEquals<Phase>(Phase.Ended(end), phase)

    @Test
    fun `no button takes a press in the first half second`() {
        val early = fresh.after(ChallengeEvent.DigitsTyped("42"), ChallengeEvent.Tick(100.49))
        for (event in listOf(ChallengeEvent.ApprovePressed, ChallengeEvent.DenyPressed, ChallengeEvent.ReportPressed)) {
            reduce(early, event).gives(early)
        }
        reduce(early.after(ChallengeEvent.Tick(100.5)), ChallengeEvent.ApprovePressed).does(ChallengeEffect.Approve("c", "42"))
    }

    @Test
    fun `approve waits for as many digits as are asked for`() {
        assertFalse(armed.canApprove)
        assertFalse(armed.after(ChallengeEvent.DigitsTyped("4")).canApprove)
        assertTrue(typed.canApprove)
        assertEquals("12", armed.after(ChallengeEvent.DigitsTyped("1a٣2-3")).typed)
        val tap = shown(pending(digits = 0), 100.0, 0).after(ChallengeEvent.Tick(101.0))
        reduce(tap, ChallengeEvent.ApprovePressed).does(ChallengeEffect.Approve("c", null))
    }

    @Test
    fun `deny and report need no number`() {
        reduce(armed, ChallengeEvent.DenyPressed).does(ChallengeEffect.Deny("c"))
        reduce(armed, ChallengeEvent.ReportPressed).does(ChallengeEffect.Report("c"))
    }

    @Test
    fun `while an answer is sent nothing sends again`() {
        val sending = typed.after(ChallengeEvent.ApprovePressed)
        assertEquals<Phase>(Phase.Sending(Decision.Approve), sending.phase)
        reduce(sending, ChallengeEvent.ApprovePressed).gives(sending)
        reduce(sending, ChallengeEvent.DenyPressed).gives(sending)
    }

    @Test
    fun `at nought it has expired whatever is pressed`() {
        val over = typed.after(ChallengeEvent.Tick(125.0))
        over.endsAs(ChallengeEnd.Expired)
        reduce(over, ChallengeEvent.ApprovePressed).gives(over)
        // Also before the next tick says so.
        reduce(typed.copy(now = 125.0), ChallengeEvent.ApprovePressed).does()
    }

    @Test
    fun `the time runs down and is said at ten seconds`() {
        assertEquals(24 to false, armed.left to armed.soon)
        val late = armed.after(ChallengeEvent.Tick(115.0))
        assertEquals(10 to true, late.left to late.soon)
        assertEquals(0.4f, late.ring)
        val half = shown(pending(secondsLeft = 12.5), 100.0, 0)
        assertEquals(0.5f, half.ring)
    }

    @Test
    fun `a web site that is not below the verified domain is pointed out`() {
        fun other(site: String?) = shown(pending(context = Context(domain = site)), 0.0, 0).otherSite
        assertEquals(null, other(null))
        assertEquals(null, other("fjordbanken.example"))
        assertEquals(null, other("Login.Fjordbanken.example."))
        assertEquals("notfjordbanken.example", other("notfjordbanken.example"))
        assertEquals("fjordbanken.example.evil.test", other("fjordbanken.example.evil.test"))
    }

    @Test
    fun `what leaves the challenge open is said and can be tried again`() {
        val sending = typed.after(ChallengeEvent.ApprovePressed)
        for (error in listOf(PhoneError.UserNotVerified, PhoneError.NumberLength(2), PhoneError.KeyStoreUnavailable)) {
            val open = sending.after(ChallengeEvent.AnswerFailed(error))
            assertEquals(Phase.Asking to error, open.phase to open.error)
            assertTrue(open.canApprove)
            assertEquals(null, open.after(ChallengeEvent.DigitsTyped("43")).error)
        }
    }

    @Test
    fun `a key that cannot be used keeps deny and report`() {
        val unusable = typed.after(ChallengeEvent.ApprovePressed, ChallengeEvent.AnswerFailed(PhoneError.KeyUnusable))
        assertFalse(unusable.after(ChallengeEvent.DigitsTyped("43")).canApprove)
        reduce(unusable, ChallengeEvent.DenyPressed).does(ChallengeEffect.Deny("c"))
        reduce(unusable, ChallengeEvent.ReportPressed).does(ChallengeEffect.Report("c"))
    }

    @Test
    fun `only the signed word says that it was approved or reported`() {
        val approving = typed.after(ChallengeEvent.ApprovePressed)
        approving.after(ChallengeEvent.Answered(AnswerOutcome.Approved)).endsAs(ChallengeEnd.Answered(AnswerOutcome.Approved))
        for (error in listOf(PhoneError.Unconfirmed, PhoneError.RelayRefused, PhoneError.UsedUp, PhoneError.Replaced)) {
            approving.after(ChallengeEvent.AnswerFailed(error)).endsAs(ChallengeEnd.ApprovedUnconfirmed)
        }
        val reporting = armed.after(ChallengeEvent.ReportPressed)
        reporting.after(ChallengeEvent.AnswerFailed(PhoneError.Unconfirmed)).endsAs(ChallengeEnd.ReportedUnconfirmed)
    }

    @Test
    fun `what ends elsewhere ends here, but not what is being answered`() {
        armed.after(ChallengeEvent.Gone(ChallengeEnd.Cancelled)).endsAs(ChallengeEnd.Cancelled)
        val sending = typed.after(ChallengeEvent.ApprovePressed, ChallengeEvent.Gone(ChallengeEnd.AnsweredElsewhere))
        assertEquals<Phase>(Phase.Sending(Decision.Approve), sending.phase)
        sending.after(ChallengeEvent.Answered(AnswerOutcome.Approved)).endsAs(ChallengeEnd.Answered(AnswerOutcome.Approved))
        sending.after(ChallengeEvent.AnswerFailed(PhoneError.NotFound)).endsAs(ChallengeEnd.AnsweredElsewhere)
    }

    @Test
    fun `done shows the next that waits, or closes`() {
        reduce(armed, ChallengeEvent.DonePressed).gives(armed)
        val over = armed.after(ChallengeEvent.Gone(ChallengeEnd.Expired))
        reduce(over, ChallengeEvent.DonePressed).does(ChallengeEffect.Close)
        reduce(over.after(ChallengeEvent.OthersKnown(1)), ChallengeEvent.DonePressed).does(ChallengeEffect.ShowNext)
    }

    @Test
    fun `the number is not in a description and goes with the end`() {
        val digits = armed.after(ChallengeEvent.DigitsTyped("97"))
        val effect = reduce(digits, ChallengeEvent.ApprovePressed).effects.single()
        assertFalse(listOf(digits, ChallengeEvent.DigitsTyped("97"), effect).any { "97" in it.toString() })
        assertEquals("", digits.after(ChallengeEvent.Gone(ChallengeEnd.Expired)).typed)
    }
}
