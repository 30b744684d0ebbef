// Moving from one phone to another and back, both with the real core and at a real relay.
package nod.bindings

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import nod.bindings.world.Person
import nod.bindings.world.SERVICE
import nod.bindings.world.World
import nod.bindings.world.awaits
import nod.bindings.world.awaitsA
import nod.bindings.world.text
import nod.bindings.world.world
import nod.logic.MoveStage
import nod.logic.MovingAccountState
import nod.logic.PhoneError
import nod.logic.PromptReason
import nod.logic.challenge.ChallengeEvent
import nod.logic.challenge.Phase
import nod.logic.movenew.MoveNewEvent
import nod.logic.movenew.MoveNewPresenter
import nod.logic.movenew.MoveNewState
import nod.logic.moveold.MoveOldEvent
import nod.logic.moveold.MoveOldPresenter
import nod.logic.moveold.MoveOldState
import nod.logic.root.Route

class MoveStoryTest {
    private val code = "otpauth://totp/One:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=One"

    private fun Person.accounts() = runBlocking { phone.accounts().map { it.id } }

    private fun Person.codes() = runBlocking { phone.codes().map { it.issuer } }

    /** The old phone shows its QR code. */
    private fun Person.offers(): Pair<MoveOldPresenter, MoveOldState.Qr> {
        root.open(Route.MoveOld)
        val old = at<MoveOldPresenter>(Route.MoveOld)
        old.awaits { it is MoveOldState.Warning && it.accounts > 0 }
        old.on(MoveOldEvent.StartPressed)
        return old to old.awaitsA<MoveOldState.Qr>()
    }

    /** The new phone scans it and shows its digits. */
    private fun Person.joins(qr: String): Pair<MoveNewPresenter, MoveNewState.CodeShown> {
        pastes(qr)
        val new = at<MoveNewPresenter>(Route.MoveNew(qr))
        return new to new.awaitsA<MoveNewState.CodeShown>()
    }

    private fun MoveOldPresenter.types(digits: String) {
        awaitsA<MoveOldState.Code>()
        on(MoveOldEvent.DigitsTyped(digits))
        on(MoveOldEvent.ConfirmPressed)
    }

    /** Moves everything from one phone to the other; both screens are closed afterwards. */
    private fun moves(from: Person, to: Person, deleteCodes: Boolean) {
        val (old, qr) = from.offers()
        val (new, shown) = to.joins(qr.text)
        old.types(shown.code)
        val left = old.awaitsA<MoveOldState.Ended>()
        val came = new.awaitsA<MoveNewState.Ended>()
        for (move in listOf(left.move, came.move)) {
            assertEquals<Any>(MoveStage.Done, move.stage)
            assertTrue(move.accounts.all { it.state == MovingAccountState.Moved }, move.toString())
        }
        if (deleteCodes) {
            old.on(MoveOldEvent.DeleteCodesPressed)
            assertEquals(1, old.awaits { it is MoveOldState.Ended && it.deleted != null }.let { (it as MoveOldState.Ended).deleted })
        }
        old.on(MoveOldEvent.ClosePressed)
        new.on(MoveNewEvent.ClosePressed)
        to.root.awaits { it.shown == Route.Home }
        from.root.awaits { it.shown != Route.MoveOld }
    }

    private fun World.approvesOn(person: Person, user: String) {
        val push = push(user)
        val challenge = person.sees(push)
        challenge.on(ChallengeEvent.DigitsTyped(push.number.orEmpty()))
        challenge.on(ChallengeEvent.ApprovePressed)
        assertEquals("approved", push.ended(0).text("state"))
        challenge.awaits { it.phase is Phase.Ended }
        challenge.on(ChallengeEvent.DonePressed)
        person.root.awaits { it.challenge == null }
    }

    @Test
    fun `an account and its codes move to a new phone and back`() = world {
        val (first, second) = person("First phone") to person("Second phone")
        first.enrols(login, "ada")
        runBlocking { first.phone.addCodes(code) }
        val account = first.accounts()
        approvesOn(first, "ada")

        moves(first, second, deleteCodes = true)
        assertEquals(emptyList<String>() to account, first.accounts() to second.accounts())
        assertEquals(emptyList<String>() to listOf("One"), first.codes() to second.codes())
        assertEquals(Route.Welcome, first.root.awaits { it.shown == Route.Welcome }.shown)
        assertTrue(PromptReason.OfferMove in first.keys.prompts && PromptReason.MoveAway(SERVICE) in first.keys.prompts)
        assertTrue(PromptReason.TakeOver(SERVICE) in second.keys.prompts)
        approvesOn(second, "ada")

        moves(second, first, deleteCodes = true)
        assertEquals(account to emptyList(), first.accounts() to second.accounts())
        approvesOn(first, "ada")
    }

    @Test
    fun `a wrong code ends the move and moves nothing`() = world {
        val (first, second) = person("First phone") to person("Second phone")
        first.enrols(login, "ada")
        val (old, qr) = first.offers()
        val (new, shown) = second.joins(qr.text)
        old.types(if (shown.code == "000000") "000001" else "000000")
        assertEquals(PhoneError.WrongCode, old.awaitsA<MoveOldState.Failed>().error)
        assertEquals(PhoneError.OtherPhoneLeft, new.awaitsA<MoveNewState.Failed>().error)
        assertEquals(1 to 0, first.accounts().size to second.accounts().size)
        approvesOn(first, "ada")
    }

    @Test
    fun `a prompt that is declined in the middle stops the move until it is tried again`() = world {
        val (first, second) = person("First phone") to person("Second phone")
        first.enrols(login, "ada")
        val (old, qr) = first.offers()
        val (new, shown) = second.joins(qr.text)
        first.keys.declines = true
        old.types(shown.code)
        val stopped = old.awaits { it is MoveOldState.Moving && it.error != null } as MoveOldState.Moving
        assertEquals(PhoneError.UserNotVerified, stopped.error)
        assertEquals(1 to 0, first.accounts().size to second.accounts().size)
        first.keys.declines = false
        old.on(MoveOldEvent.AgainPressed)
        assertEquals(1, old.awaitsA<MoveOldState.Ended>().move.moved)
        new.awaitsA<MoveNewState.Ended>()
        approvesOn(second, "ada")
    }

    @Test
    fun `a second phone that scans the QR code ends the move`() = world {
        val (first, second, third) = Triple(person("First phone"), person("Second phone"), person("Third phone"))
        first.enrols(login, "ada")
        val (old, qr) = first.offers()
        second.joins(qr.text)
        old.awaitsA<MoveOldState.Code>()
        third.pastes(qr.text)
        val late = third.at<MoveNewPresenter>(Route.MoveNew(qr.text))
        assertEquals(PhoneError.SecondPhone, late.awaitsA<MoveNewState.Failed>().error)
        assertEquals(PhoneError.SecondPhone, old.awaitsA<MoveOldState.Failed>().error)
        assertEquals(1, first.accounts().size)
    }

    @Test
    fun `a move that is cancelled moves nothing and can be begun again`() = world {
        val (first, second) = person("First phone") to person("Second phone")
        first.enrols(login, "ada")
        val (old, qr) = first.offers()
        val (new, _) = second.joins(qr.text)
        new.on(MoveNewEvent.CancelPressed)
        second.root.awaits { it.shown == Route.Welcome }
        assertEquals(PhoneError.OtherPhoneLeft, old.awaitsA<MoveOldState.Failed>().error)
        old.on(MoveOldEvent.ClosePressed)
        first.root.awaits { it.shown == Route.Home }
        moves(first, second, deleteCodes = false)
        assertEquals(0 to 1, first.accounts().size to second.accounts().size)
    }

    @Test
    fun `whoever declines to open a move shows no QR code`() = world {
        val first = person()
        first.enrols(login, "ada")
        first.keys.declines = true
        first.root.open(Route.MoveOld)
        val old = first.at<MoveOldPresenter>(Route.MoveOld)
        old.awaits { it is MoveOldState.Warning && it.accounts > 0 }
        old.on(MoveOldEvent.StartPressed)
        assertEquals(PhoneError.UserNotVerified, old.awaitsA<MoveOldState.Failed>().error)
    }
}
