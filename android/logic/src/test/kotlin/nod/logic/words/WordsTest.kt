// The texts: which form, which values, which language.
package nod.logic.words

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class WordsTest {
    private val english = Words.of(Language.EN)

    @Test
    fun `a text is in the language that was asked for`() {
        assertEquals("Approve", english.text(Word.CHALLENGE_APPROVE))
        assertEquals("Godkänn", Words.of(Language.SV).text(Word.CHALLENGE_APPROVE))
        assertEquals("Godkjenn", Words.of(Language.NB).text(Word.CHALLENGE_APPROVE))
        assertEquals("Godkend", Words.of(Language.DA).text(Word.CHALLENGE_APPROVE))
    }

    @Test
    fun `one has a form of its own and nought has not`() {
        assertEquals("One request is waiting", english.count(Plural.HOME_PENDING, 1))
        assertEquals("0 requests are waiting", english.count(Plural.HOME_PENDING, 0))
        assertEquals("2 förfrågningar väntar", Words.of(Language.SV).count(Plural.HOME_PENDING, 2))
    }

    @Test
    fun `a count goes with other values`() {
        assertEquals("1 of 3 accounts moved", english.count(Plural.MOVE_MOVING_COUNT, 3, "moved" to 1))
    }

    @Test
    fun `a name is isolated and a number is not`() {
        assertEquals("as \u2068ada@example.org\u2069", english.text(Word.CHALLENGE_ACCOUNT, "label" to "ada@example.org"))
        assertEquals("This was part 2 of 5. Scan the others too.", english.text(Word.SCAN_PART, "part" to 2, "parts" to 5L))
    }

    @Test
    fun `a name cannot leave its isolate`() {
        assertEquals("as \u2068Adagro\u2069", english.text(Word.CHALLENGE_ACCOUNT, "label" to "Ada\u2069\u202Egro"))
    }

    @Test
    fun `a value that looks like a placeholder or a reference is a value`() {
        val text = english.text(Word.CHALLENGE_OTHER_SITE, "site" to "{domain}", "domain" to "$1.example")
        assertEquals(
            "The sign-in is at \u2068{domain}\u2069, not at \u2068$1.example\u2069. Approve only if you expect that.",
            text,
        )
    }

    @Test
    fun `a placeholder without a value stays to be seen`() {
        assertEquals("as {label}", english.text(Word.CHALLENGE_ACCOUNT, "name" to "Ada"))
    }

    @Test
    fun `every language has every text`() {
        for (language in Language.entries) {
            val words = Words.of(language)
            assertEquals(language, words.language)
            for (word in Word.entries) assertTrue(words.text(word).isNotBlank(), "$language ${word.key}")
            for (plural in Plural.entries) {
                assertFalse("{count}" in words.count(plural, 1) + words.count(plural, 2), "$language ${plural.key}")
            }
        }
    }

    @Test
    fun `a locale finds its language and one that is not spoken is English`() {
        val found = listOf("sv", "sv-SE", "sv_FI", "SV", "nb-NO", "nn-NO", "no", "da-DK", "en-GB", "fi-FI", "svx", "").map { Language.of(it) }
        val (sv, nb, da, en) = listOf(Language.SV, Language.NB, Language.DA, Language.EN)
        assertEquals(listOf(sv, sv, sv, sv, nb, nb, nb, da, en, en, en, en), found)
    }

    @Test
    fun `a language calls itself by its own name`() {
        assertEquals(listOf("English", "Svenska", "Norsk bokmål", "Dansk"), Language.entries.map { it.ownName })
    }
}
