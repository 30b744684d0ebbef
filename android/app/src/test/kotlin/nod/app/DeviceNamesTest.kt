// What the phone calls itself.
package nod.app

import kotlin.test.Test
import kotlin.test.assertEquals

class DeviceNamesTest {
    @Test
    fun `the name its owner gave it`() {
        assertEquals("Åsa’s phone (work)", shownName("Åsa’s phone (work)", "Model 5"))
    }

    @Test
    fun `what cannot be shown is left out`() {
        assertEquals("My phone", shownName("\u202EMy \u0000phone\n", "Model 5"))
        assertEquals("phone", shownName("📱 phone", "Model 5"))
    }

    @Test
    fun `a name with nothing to show is the model's, and never empty`() {
        assertEquals("Model 5", shownName(null, "Model 5"))
        assertEquals("Model 5", shownName("📱", "Model 5"))
        assertEquals("Android", shownName(" ", "\u0007"))
    }

    @Test
    fun `64 characters at most`() {
        assertEquals(64, shownName("x".repeat(200), "Model 5").length)
    }
}
