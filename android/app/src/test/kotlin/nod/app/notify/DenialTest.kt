// Denying from a notification.
package nod.app.notify

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.runTest
import nod.app.TestPhone
import nod.app.pendingOf
import nod.logic.AnswerOutcome
import nod.logic.PhoneError
import nod.logic.PhoneFailure
import nod.logic.words.Language
import nod.logic.words.Words

class DenialTest {
    private val phone = TestPhone()
    private val words = Words.of(Language.EN)
    private val failed = assertNotNull(afterDenial(null, "Example", words))

    @Test
    fun `what waits is denied, and that is said`() = runTest {
        phone.waiting = listOf(pendingOf("other"), pendingOf("c"))
        val said = assertNotNull(deny(phone, "c", words))
        assertTrue("Example" in said)
        assertEquals(listOf("c"), phone.denied)
    }

    @Test
    fun `a process that has just begun waits for the challenge to come again`() = runTest {
        launch {
            delay(2_000)
            phone.waiting = listOf(pendingOf("c"))
        }
        assertTrue("Example" in assertNotNull(deny(phone, "c", words)))
        assertEquals(listOf("c"), phone.denied)
    }

    @Test
    fun `a denial that is not there to be sent, or not answered in time, is said to have failed`() = runTest {
        phone.denying = { throw PhoneFailure(PhoneError.NotFound) }
        assertEquals(failed, deny(phone, "gone", words))
        phone.waiting = listOf(pendingOf("c"))
        phone.denying = { throw PhoneFailure(PhoneError.Unconfirmed) }
        assertEquals(failed, deny(phone, "c", words))
        phone.denying = {
            delay(60_000)
            AnswerOutcome.Denied
        }
        assertEquals(failed, deny(phone, "c", words))
        assertFalse("Example" in failed)
    }

    @Test
    fun `it is never said to be denied when it may not be`() {
        for (outcome in listOf(AnswerOutcome.Refused, AnswerOutcome.Conflict, AnswerOutcome.Approved)) {
            assertEquals(failed, afterDenial(outcome, "Example", words))
        }
    }

    @Test
    fun `what has run out needs no word`() = runTest {
        phone.waiting = listOf(pendingOf("c"))
        phone.denying = { throw PhoneFailure(PhoneError.Expired) }
        assertNull(deny(phone, "c", words))
        assertNull(afterDenial(AnswerOutcome.Superseded, "Example", words))
    }
}
