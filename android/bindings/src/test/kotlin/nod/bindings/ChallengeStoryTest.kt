// Answering challenges through the presenters, with a real relay and a real login server.
package nod.bindings

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.bindings.world.DOMAIN
import nod.bindings.world.Push
import nod.bindings.world.SERVICE
import nod.bindings.world.World
import nod.bindings.world.awaits
import nod.bindings.world.text
import nod.bindings.world.world
import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.Context
import nod.logic.PhoneError
import nod.logic.PromptReason
import nod.logic.challenge.ChallengeEvent
import nod.logic.challenge.ChallengePresenter
import nod.logic.challenge.Phase
import nod.logic.history.HistoryPresenter
import nod.logic.home.HomePresenter
import nod.logic.root.RootEvent
import nod.logic.root.Route

class ChallengeStoryTest {
    private fun ChallengePresenter.end(): ChallengeEnd =
        (awaits { it.phase is Phase.Ended }.phase as Phase.Ended).end

    private fun ChallengePresenter.approves(number: String?) {
        number?.let { on(ChallengeEvent.DigitsTyped(it)) }
        on(ChallengeEvent.ApprovePressed)
    }

    private fun answered(outcome: AnswerOutcome): ChallengeEnd = ChallengeEnd.Answered(outcome)

    private fun World.outcome(push: Push, code: Int) = push.ended(code).text("state")

    @Test
    fun `the right number approves what the login server signed`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val push = push("alice", "--application", "Mail", "--domain", "mail.$DOMAIN", "--ip", "192.0.2.7")
        val challenge = alice.sees(push)
        val shown = challenge.state.value
        assertEquals(Context(application = "Mail", domain = "mail.$DOMAIN", address = "192.0.2.7"), shown.pending.context)
        assertEquals(SERVICE to DOMAIN, shown.pending.serviceName to shown.pending.serviceDomain)
        assertEquals(null, shown.otherSite)
        assertEquals(2, shown.pending.digits)
        assertFalse(shown.canApprove, "not before the number is there")

        challenge.approves(push.number)
        assertEquals(answered(AnswerOutcome.Approved), challenge.end())
        assertEquals("approved", outcome(push, 0))
        assertEquals<PromptReason>(PromptReason.Approve(SERVICE), alice.keys.prompts.last())

        challenge.on(ChallengeEvent.DonePressed)
        alice.root.awaits { it.challenge == null }
        alice.root.open(Route.History)
        val history = alice.at<HistoryPresenter>(Route.History).awaits { it.entries.isNotEmpty() }
        assertEquals(listOf(push.id to answered(AnswerOutcome.Approved)), history.entries.map { it.id to it.end })
    }

    @Test
    fun `six digits can be asked for`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val six = push("alice", "--number", "six")
        alice.sees(six).run {
            assertEquals(6, state.value.pending.digits)
            approves(six.number)
            assertEquals(answered(AnswerOutcome.Approved), end())
            on(ChallengeEvent.DonePressed)
        }
        assertEquals("approved", outcome(six, 0))
    }

    @Test
    fun `denying and reporting ask nobody and are told`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val asked = alice.keys.prompts.size
        val denied = push("alice")
        alice.sees(denied).run {
            on(ChallengeEvent.DenyPressed)
            assertEquals(answered(AnswerOutcome.Denied), end())
            on(ChallengeEvent.DonePressed)
        }
        assertEquals("denied", outcome(denied, 1))
        val reported = push("alice", "--ip", "198.51.100.9")
        alice.sees(reported).run {
            on(ChallengeEvent.ReportPressed)
            assertEquals(answered(AnswerOutcome.Reported), end())
        }
        assertEquals("reported", outcome(reported, 1))
        assertEquals(asked, alice.keys.prompts.size)
    }

    @Test
    fun `a wrong number ends the challenge`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val push = push("alice")
        val challenge = alice.sees(push)
        challenge.approves(push.wrongNumber)
        assertEquals(answered(AnswerOutcome.WrongNumber), challenge.end())
        assertEquals("wrong-number", push.ended(1).text("reason"))
    }

    @Test
    fun `a declined prompt leaves the challenge open`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val push = push("alice")
        val challenge = alice.sees(push)
        alice.keys.declines = true
        challenge.approves(push.number)
        challenge.awaits { it.phase == Phase.Asking && it.error == PhoneError.UserNotVerified }
        alice.keys.declines = false
        challenge.approves(null)
        assertEquals(answered(AnswerOutcome.Approved), challenge.end())
        assertEquals("approved", outcome(push, 0))
    }

    @Test
    fun `a key that the platform took away cannot approve but the account can deny`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val push = push("alice")
        val challenge = alice.sees(push)
        alice.keys.invalidated = true
        challenge.approves(push.number)
        val state = challenge.awaits { it.phase == Phase.Asking && it.error == PhoneError.KeyUnusable }
        assertTrue(state.canAnswer && !state.canApprove)
        challenge.on(ChallengeEvent.DenyPressed)
        assertEquals(answered(AnswerOutcome.Denied), challenge.end())
        assertEquals("denied", outcome(push, 1))
    }

    @Test
    fun `a retry takes the place of the challenge and is shown next`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val first = push("alice")
        val old = alice.sees(first)
        val retried = login.run("retry", first.id)
        assertEquals(ChallengeEnd.Superseded, old.end())
        assertEquals("superseded", outcome(first, 2))
        old.awaits { it.others == 1 }
        old.on(ChallengeEvent.DonePressed)
        val new = alice.seesChallenge(retried.text("challenge_id"))
        new.approves(retried.text("number"))
        assertEquals(answered(AnswerOutcome.Approved), new.end())
        assertEquals("approved", login.run("wait", retried.text("challenge_id")).text("state"))
    }

    @Test
    fun `what the login page cancels goes`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val push = push("alice")
        val challenge = alice.sees(push)
        login.run("cancel", push.id)
        assertEquals(ChallengeEnd.Cancelled, challenge.end())
        assertEquals("cancelled", outcome(push, 2))
    }

    @Test
    fun `what one phone answers goes from the other`() = world {
        val (here, there) = person("Here") to person("There")
        here.enrols(login, "alice")
        there.enrols(login, "alice")
        val push = push("alice")
        val (answering, watching) = here.sees(push) to there.sees(push)
        answering.approves(push.number)
        assertEquals(answered(AnswerOutcome.Approved), answering.end())
        assertEquals(ChallengeEnd.AnsweredElsewhere, watching.end())
        assertEquals("approved", outcome(push, 0))
    }

    @Test
    fun `what nobody answers expires on the phone as at the login server`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        login.sets(windowS = 10, lifeS = 10)
        val push = push("alice")
        val challenge = alice.sees(push)
        assertEquals(10.0, challenge.state.value.pending.windowS)
        assertEquals(ChallengeEnd.Expired, challenge.end())
        challenge.approves(push.number)
        assertEquals(Phase.Ended(ChallengeEnd.Expired), challenge.state.value.phase)
        assertEquals("expired", outcome(push, 2))
    }

    @Test
    fun `a challenge is shown above the lock`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        alice.root.on(RootEvent.LockChanged(true))
        alice.root.on(RootEvent.WentToBackground(0.0))
        alice.root.on(RootEvent.CameToForeground(31.0))
        alice.root.awaits { it.locked }
        val push = push("alice")
        alice.sees(push).on(ChallengeEvent.DenyPressed)
        assertEquals("denied", outcome(push, 1))
        assertTrue(alice.root.state.value.locked)
    }

    @Test
    fun `a relay that was killed and started again delivers what waits`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val push = push("alice")
        val challenge = alice.sees(push)
        val home = alice.at<HomePresenter>(Route.Home)
        killRelay()
        home.awaits { it.offline.isNotEmpty() }
        startRelay()
        alice.root.on(RootEvent.CameToForeground(0.0))
        home.awaits { it.offline.isEmpty() }
        challenge.approves(push.number)
        assertEquals(answered(AnswerOutcome.Approved), challenge.end())
        assertEquals("approved", outcome(push, 0))
    }
}
