// Adding an account, from the scanner to the list, with a real relay.
package nod.bindings

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlinx.coroutines.runBlocking
import nod.bindings.world.DOMAIN
import nod.bindings.world.Person
import nod.bindings.world.SERVICE
import nod.bindings.world.World
import nod.bindings.world.awaits
import nod.bindings.world.awaitsA
import nod.bindings.world.text
import nod.bindings.world.world
import nod.logic.PhoneError
import nod.logic.PromptReason
import nod.logic.confirm.ConfirmEvent
import nod.logic.confirm.ConfirmPresenter
import nod.logic.enrol.EnrolEvent
import nod.logic.enrol.EnrolPresenter
import nod.logic.enrol.EnrolState
import nod.logic.home.HomePresenter
import nod.logic.root.RootEvent
import nod.logic.root.Route

class EnrolmentStoryTest {
    private fun Person.accounts() = runBlocking { phone.accounts() }

    private fun World.enrolment(user: String) = login.run("enrol", user, "--label", "$user@example.org")

    private fun wrong(code: String) = if (code == "000000") "000001" else "000000"

    @Test
    fun `the code typed on the login page adds the account`() = world {
        val alice = person()
        assertEquals(Route.Welcome, alice.root.state.value.shown)
        val made = enrolment("alice")
        val (enrol, shown) = alice.scansEnrolment(made.text("qr"))
        assertEquals(SERVICE to DOMAIN, shown.serviceName to shown.domain)
        assertEquals(listOf<PromptReason>(PromptReason.Enrol), alice.keys.prompts.toList())

        assertEquals("wrong-code", login.refused("confirm", made.text("enrolment_id"), wrong(shown.code)))
        val confirmed = login.run("confirm", made.text("enrolment_id"), shown.code)
        val account = enrol.awaitsA<EnrolState.Added>().account
        assertEquals(confirmed.text("binding_id"), account.id)
        assertEquals("alice@example.org", account.label)

        enrol.on(EnrolEvent.ClosePressed)
        val home = alice.at<HomePresenter>(Route.Home).awaits { it.accounts.isNotEmpty() }
        assertEquals(listOf(account), home.accounts)
    }

    @Test
    fun `three wrong codes end it on the phone too`() = world {
        val trudy = person()
        val made = enrolment("trudy")
        val (enrol, shown) = trudy.scansEnrolment(made.text("qr"))
        repeat(3) { login.refused("confirm", made.text("enrolment_id"), wrong(shown.code)) }
        assertEquals(PhoneError.EnrolmentEnded, enrol.awaitsA<EnrolState.Failed>().error)
        assertEquals(emptyList(), trudy.accounts())
    }

    @Test
    fun `a QR code that was used shows no code on another phone`() = world {
        val (alice, eve) = person("Alice’s phone") to person("Eve’s phone")
        val made = enrolment("alice")
        val (enrol, shown) = alice.scansEnrolment(made.text("qr"))
        login.run("confirm", made.text("enrolment_id"), shown.code)
        enrol.awaitsA<EnrolState.Added>()
        eve.pastes(made.text("qr"))
        val late = eve.at<EnrolPresenter>(Route.Enrol(made.text("qr")))
        assertNotEquals(PhoneError.KnownAccount, late.awaitsA<EnrolState.Failed>().error)
        assertEquals(emptyList(), eve.accounts())
    }

    @Test
    fun `cancelling while the code is shown leaves nothing behind`() = world {
        val alice = person()
        val made = enrolment("alice")
        val (enrol, shown) = alice.scansEnrolment(made.text("qr"))
        alice.root.on(RootEvent.Back)
        alice.screens.cancelShown()
        alice.root.awaits { it.shown == Route.Welcome }
        assertIs<EnrolState.Code>(enrol.state.value)
        login.run("confirm", made.text("enrolment_id"), shown.code)
        assertEquals(emptyList(), alice.accounts())
        alice.enrols(login, "alice")
        assertEquals(1, alice.accounts().size)
    }

    @Test
    fun `whoever declines the prompt adds nothing`() = world {
        val alice = person()
        alice.keys.declines = true
        val qr = enrolment("alice").text("qr")
        alice.pastes(qr)
        val enrol = alice.at<EnrolPresenter>(Route.Enrol(qr))
        assertEquals(PhoneError.UserNotVerified, enrol.awaitsA<EnrolState.Failed>().error)
        assertEquals(emptyList(), alice.accounts())
    }

    @Test
    fun `a link from another app asks first`() = world {
        val alice = person()
        val qr = enrolment("alice").text("qr")
        alice.root.on(RootEvent.LinkOpened(qr))
        val confirm = alice.at<ConfirmPresenter>(Route.Confirm(qr))
        confirm.awaits { it.canContinue }
        assertEquals(emptyList(), alice.keys.prompts.toList(), "nothing has been done yet")
        confirm.on(ConfirmEvent.ContinuePressed)
        alice.at<EnrolPresenter>(Route.Enrol(qr)).awaitsA<EnrolState.Code>()
    }

    @Test
    fun `a text that is none of ours is named as such`() = world {
        val alice = person()
        val scan = alice.pastes("https://example.org/")
        assertEquals(PhoneError.UnknownText, scan.awaits { it.error != null }.error)
    }
}
