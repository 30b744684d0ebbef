// What follows from what relays ask and distributors say.
package nod.app.wake

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertNull

class RegistrationsTest {
    private val held = Registration("relay.example", "token", "org.distributor", "vapid", "p256dh", "auth")
    private val other = held.copy(relay = "other.example", token = "other")
    private val endpoint = "https://push.example/1"

    private fun fresh() = held.copy(token = "fresh")

    @Test
    fun `a relay that asks for the first time is registered`() {
        val step = asked(emptyList(), "relay.example", "vapid", "org.distributor", ::fresh)
        assertEquals(listOf(fresh()), step.all)
        assertEquals(listOf<PushEffect>(PushEffect.Register(fresh())), step.effects)
    }

    @Test
    fun `a relay that asks again changes nothing`() {
        val step = asked(listOf(held), held.relay, held.vapid, held.distributor, ::fresh)
        assertEquals(PushStep(listOf(held)), step)
    }

    @Test
    fun `another key of the relay, or another distributor, makes a fresh registration`() {
        for ((vapid, distributor) in listOf("new" to held.distributor, held.vapid to "org.other")) {
            val step = asked(listOf(other, held), held.relay, vapid, distributor, ::fresh)
            assertEquals(listOf(other, fresh()), step.all)
            assertEquals(listOf(PushEffect.Unregister(held), PushEffect.Register(fresh())), step.effects)
        }
    }

    @Test
    fun `without a distributor nothing is registered any more`() {
        val step = asked(listOf(held), held.relay, held.vapid, null, ::fresh)
        assertEquals(PushStep(emptyList(), listOf(PushEffect.Unregister(held))), step)
    }

    @Test
    fun `the endpoint is kept, acknowledged, and told to the relays`() {
        val step = told(listOf(other, held), PushMessage.NewEndpoint("token", endpoint, "9"))
        assertEquals(listOf(other, held.copy(endpoint = endpoint)), step.all)
        assertEquals(listOf(PushEffect.Acknowledge(held, "9"), PushEffect.TellRelays), step.effects)
    }

    @Test
    fun `the same endpoint again is acknowledged and no more`() {
        val known = held.copy(endpoint = endpoint)
        val step = told(listOf(known), PushMessage.NewEndpoint("token", endpoint, "9"))
        assertEquals(PushStep(listOf(known), listOf(PushEffect.Acknowledge(known, "9"))), step)
    }

    @Test
    fun `a message wakes the phone up`() {
        assertEquals(
            listOf(PushEffect.Acknowledge(held, "3"), PushEffect.WakeUp),
            told(listOf(held), PushMessage.Message("token", "3")).effects,
        )
        assertEquals(listOf<PushEffect>(PushEffect.WakeUp), told(listOf(held), PushMessage.Message("token", null)).effects)
    }

    @Test
    fun `a message for a token that is not known wakes nobody`() {
        val messages = listOf(
            PushMessage.Message("guess", "1"),
            PushMessage.NewEndpoint("guess", endpoint, "1"),
            PushMessage.Unregistered("guess"),
            PushMessage.Failed("guess"),
        )
        messages.forEach { assertEquals(PushStep(listOf(held)), told(listOf(held), it)) }
    }

    @Test
    fun `a registration that was refused is not used again`() {
        assertEquals(PushStep(listOf(other)), told(listOf(other, held), PushMessage.Failed("token")))
    }

    @Test
    fun `a refusal after the endpoint means nothing`() {
        val known = held.copy(endpoint = endpoint)
        assertEquals(PushStep(listOf(known)), told(listOf(known), PushMessage.Failed("token")))
    }

    @Test
    fun `a registration that the distributor ends is forgotten and told`() {
        val step = told(listOf(held), PushMessage.Unregistered("token"))
        assertEquals(PushStep(emptyList(), listOf(PushEffect.TellRelays)), step)
    }

    @Test
    fun `relays without an account are forgotten`() {
        val step = kept(listOf(held, other), setOf("other.example"))
        assertEquals(PushStep(listOf(other), listOf(PushEffect.Unregister(held))), step)
    }

    @Test
    fun `at the beginning distributors are told again`() {
        assertEquals(listOf(held, other).map { PushEffect.Register(it) }, begun(listOf(held, other)).effects)
    }

    @Test
    fun `the distributor so far stays, then the default, then the only one`() {
        val both = listOf("a", "b")
        assertEquals("b", chosenDistributor(both, "b", "a"))
        assertEquals("a", chosenDistributor(both, "gone", "a"))
        assertEquals("a", chosenDistributor(listOf("a"), null, null))
        assertNull(chosenDistributor(both, null, "chooser"), "the user is asked")
        assertNull(chosenDistributor(emptyList(), "gone", "gone"))
    }

    @Test
    fun `what is written down is read again`() {
        val all = listOf(held.copy(endpoint = "https://push.example/?a=b&c=%20"), other)
        assertEquals(all, read(written(all)))
        assertEquals(emptyList(), read(""))
    }

    @Test
    fun `a damaged line is left out`() {
        val text = written(listOf(held)) + "half a line\n" + written(listOf(other)).replace("auth", "%zz")
        assertEquals(listOf(held), read(text))
    }

    @Test
    fun `each registration has a token, a key and a secret of its own`() {
        val (one, two) = List(2) { freshRegistration("relay.example", "vapid", "org.distributor") }
        assertNotEquals(one.token, two.token)
        assertNotEquals(one.p256dh, two.p256dh)
        assertNotEquals(one.auth, two.auth)
        assertEquals(87, one.p256dh.length)
        assertEquals(22, one.auth.length)
    }
}
