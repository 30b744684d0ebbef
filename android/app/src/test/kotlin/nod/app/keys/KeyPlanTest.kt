// How keys are made on different phones.
package nod.app.keys

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue
import nod.logic.KeyKind

class KeyPlanTest {
    private val recent = KeyHouse(api = 35, strongBox = true, strongBiometric = true, screenLock = true)

    private fun keystore(kind: KeyKind, house: KeyHouse, attested: Boolean = false) =
        assertIs<KeyPlan.Keystore>(keyPlan(kind, house, attested))

    @Test
    fun `an approve key asks for a fingerprint, and a newly enrolled one ends it`() {
        val plan = keystore(KeyKind.Approve, recent)
        assertEquals(Guard.Biometric, plan.guard)
        assertTrue(plan.endsWithNewBiometric)
        assertTrue(plan.unlockedOnly)
        assertTrue(plan.strongBox)
    }

    @Test
    fun `without a fingerprint an approve key asks for the screen lock`() {
        val plan = keystore(KeyKind.Approve, recent.copy(strongBiometric = false))
        assertEquals(Guard.Credential, plan.guard)
        assertFalse(plan.endsWithNewBiometric)
    }

    @Test
    fun `Android 9 and 10 make an approve key with an enrolled fingerprint only`() {
        for (api in 28..29) {
            val house = recent.copy(api = api)
            assertEquals(Guard.Biometric, keystore(KeyKind.Approve, house).guard)
            assertEquals(KeyPlan.NeedsLock, keyPlan(KeyKind.Approve, house.copy(strongBiometric = false), false))
        }
    }

    @Test
    fun `no approve key is made without any lock`() {
        val open = recent.copy(strongBiometric = false, screenLock = false)
        assertEquals(KeyPlan.NeedsLock, keyPlan(KeyKind.Approve, open, true))
    }

    @Test
    fun `on no phone is an approve key made that asks nobody`() {
        for (house in everyHouse()) {
            val plan = keyPlan(KeyKind.Approve, house, true)
            if (plan is KeyPlan.Keystore) assertTrue(plan.attempts().none { it.guard == Guard.None }, "$house")
        }
    }

    @Test
    fun `deny and channel keys ask nobody, on no phone`() {
        for (house in everyHouse()) {
            for (kind in listOf(KeyKind.Deny, KeyKind.Channel)) {
                val plan = keystore(kind, house, attested = true)
                assertEquals(Guard.None, plan.guard)
                assertEquals(KeyWork.Sign, plan.work)
                assertFalse(plan.unlockedOnly, "a denial works on a locked phone")
                assertFalse(plan.attested)
            }
        }
    }

    @Test
    fun `keys that agree are in Keystore from Android 12 on, and sealed before`() {
        assertEquals(KeyWork.Agree, keystore(KeyKind.Enc, recent.copy(api = 31)).work)
        assertEquals(KeyPlan.Sealed, keyPlan(KeyKind.Enc, recent.copy(api = 30), false))
    }

    @Test
    fun `what the hardware refuses is left out step by step`() {
        val attempts = keystore(KeyKind.Approve, recent, attested = true).attempts()
        assertEquals(listOf(true to true, false to true, false to false), attempts.map { it.strongBox to it.attested })
        val plain = keystore(KeyKind.Approve, recent.copy(strongBox = false)).attempts()
        assertEquals(1, plain.size)
    }

    private fun everyHouse(): List<KeyHouse> {
        val both = listOf(false, true)
        return (28..35).flatMap { api ->
            both.flatMap { box -> both.flatMap { finger -> both.map { lock -> KeyHouse(api, box, finger, lock) } } }
        }
    }
}
