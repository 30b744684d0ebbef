// Reading what distributors say.
package nod.app.wake

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNull

class PushMessagesTest {
    private fun message(action: String?, vararg extras: Pair<String, String>) = pushMessage(action, extras.toMap()::get)

    @Test
    fun `a new endpoint, with and without an id`() {
        val endpoint = "https://push.example/a?b=c"
        assertEquals(
            PushMessage.NewEndpoint("t", endpoint, "7"),
            message(PushActions.NEW_ENDPOINT, "token" to "t", "endpoint" to endpoint, "id" to "7"),
        )
        assertEquals(
            PushMessage.NewEndpoint("t", endpoint, null),
            message(PushActions.NEW_ENDPOINT, "token" to "t", "endpoint" to endpoint),
        )
    }

    @Test
    fun `a message, a failure and an end`() {
        assertEquals(PushMessage.Message("t", "1"), message(PushActions.MESSAGE, "token" to "t", "id" to "1"))
        assertEquals(PushMessage.Failed("t"), message(PushActions.FAILED, "token" to "t", "reason" to "NETWORK"))
        assertEquals(PushMessage.Unregistered("t"), message(PushActions.UNREGISTERED, "token" to "t"))
    }

    @Test
    fun `what has no token, or too long a one, is ignored`() {
        assertNull(message(PushActions.MESSAGE))
        assertNull(message(PushActions.MESSAGE, "token" to ""))
        assertNull(message(PushActions.MESSAGE, "token" to "t".repeat(101)))
    }

    @Test
    fun `an endpoint without encryption, too long or with odd characters is ignored`() {
        val odd = listOf("http://push.example/a", "ftp://x", "", "https://push.example/" + "a".repeat(1000), "https://a/ b", "https://a/å")
        for (endpoint in odd) {
            assertNull(message(PushActions.NEW_ENDPOINT, "token" to "t", "endpoint" to endpoint), endpoint)
        }
        assertNull(message(PushActions.NEW_ENDPOINT, "token" to "t"))
    }

    @Test
    fun `another action is ignored`() {
        assertNull(message(null, "token" to "t"))
        assertNull(message("android.intent.action.VIEW", "token" to "t"))
        assertNull(message(PushActions.REGISTER, "token" to "t"))
    }

    @Test
    fun `no secret is in the text form`() {
        val secret = "0a1b-secret"
        val all = listOf(
            PushMessage.NewEndpoint(secret, "https://$secret", secret),
            PushMessage.Failed(secret),
            PushMessage.Unregistered(secret),
            PushMessage.Message(secret, secret),
            PushEffect.Acknowledge(freshRegistration("relay", "v", "d").copy(token = secret, auth = secret), secret),
        )
        all.forEach { assertFalse(secret in it.toString(), it.javaClass.simpleName) }
    }
}
