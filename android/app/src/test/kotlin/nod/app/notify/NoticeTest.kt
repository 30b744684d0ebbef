// What a notification says, and what it does not.
package nod.app.notify

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.logic.Context
import nod.logic.Pending
import nod.logic.words.Language
import nod.logic.words.Words

class NoticeTest {
    private val pending = Pending(
        id = "c1",
        account = "a1",
        serviceName = "Example Bank",
        serviceDomain = "bank.example",
        label = "alex@bank.example",
        context = Context(
            application = "Vault",
            domain = "bank.example",
            address = "192.0.2.7",
            place = "Lund",
            device = "Firefox",
            detail = "Transfer of 500",
        ),
        digits = 2,
        windowS = 25.0,
        secondsLeft = 19.4,
    )

    @Test
    fun `it names the service and nothing of the sign-in`() {
        for (language in Language.entries) {
            val notice = noticeOf(pending, Words.of(language))
            val shown = listOf(notice.title, notice.text, notice.hidden, notice.deny, notice.approve).joinToString()
            assertTrue("Example Bank" in notice.text, "$language")
            for (secret in listOf("alex", "192.0.2.7", "Lund", "Firefox", "Transfer", "Vault", "bank.example")) {
                assertFalse(secret in shown, "$language: $secret")
            }
        }
    }

    @Test
    fun `a locked screen does not even name the service`() {
        for (language in Language.entries) assertFalse("Bank" in noticeOf(pending, Words.of(language)).hidden)
    }

    @Test
    fun `it goes when the time is over, and at once when it is`() {
        val words = Words.of(Language.EN)
        assertEquals(19_400, noticeOf(pending, words).goesInMs)
        // Nought would mean for ever.
        assertEquals(1, noticeOf(pending.copy(secondsLeft = -3.0), words).goesInMs)
    }
}
