// Which links are asked about.
package nod.app

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull

private const val VIEW = "android.intent.action.VIEW"

class LinksTest {
    @Test
    fun `links of this app and one-time codes are asked about as they are`() {
        for (text in listOf("nod:1/e?h=relay.example&i=x", "NOD:1/m?h=a", "otpauth://totp/a?secret=b")) {
            assertEquals(text, linkText(VIEW, text))
        }
    }

    @Test
    fun `anything else is not`() {
        for (text in listOf("https://nod/", "file:///nod:1", "javascript:nod:", "nod", "", " nod:1/e", "intent:nod:1#Intent;end")) {
            assertNull(linkText(VIEW, text), text)
        }
        assertNull(linkText(VIEW, null))
        assertNull(linkText("android.intent.action.MAIN", "nod:1/e"))
        assertNull(linkText(null, "nod:1/e"))
        assertNull(linkText(VIEW, "nod:" + "a".repeat(4096)))
    }
}
