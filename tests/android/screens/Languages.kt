// Whether everything that a screen shows or says is in its language: one of Nod's own texts, a name, a number or a date.
package nod.screens

import java.time.Instant
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import java.time.format.FormatStyle
import nod.logic.words.Language
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.PARTS
import nod.ui.components.spoken
import nod.ui.locale

private const val HOLE = "\u0001"
private val PLACEHOLDER = Regex("\\{[a-z]+\\}")
private val DIGITS = Regex("[0-9]+([,. ]+[0-9]+)*")
private val INVISIBLE = Regex("[\\u2066-\\u2069\\u200B]")
private val BETWEEN = Regex(" · |(?<=[.:…]) |, ")

class Tongue(language: Language) {
    private val words = Words.of(language)
    private val inserted = listOf(words.text(Word.MOVE_ANOTHER)) + listOf(Word.ERROR_DAMAGED).map(words::text)
    private val parts = PARTS.flatMap { listOf(it.name, it.licence) }
    private val moments = moments(language)
    private val others = (names + parts + inserted + moments).distinct().sortedByDescending { it.length }
    private val own: Set<String> = (
        Word.entries.map(words::text) + Plural.entries.flatMap { listOf(raw(it, 1), raw(it, 2)) }
        ).map { bare(it.replace(PLACEHOLDER, HOLE)) }.flatMap { listOf(it) + it.split(BETWEEN) }.toSet()

    /** What is in no text of this language. */
    fun strangers(said: List<String>): List<String> = said.distinct().filterNot { isOurs(INVISIBLE.replace(it, "")) }

    private fun raw(plural: Plural, n: Int) = words.count(plural, n).let { if (n == 1) it else it.replace("2", HOLE) }

    private fun isOurs(text: String): Boolean {
        val bare = bare(text)
        return isOwn(bare) || bare.split(BETWEEN).all(::isOwn)
    }

    private fun isOwn(text: String): Boolean = text.count { it.isLetter() } < 2 || text in own || text.trimEnd(':', ' ') in own

    /** The text with holes for what is not Nod's own. */
    private fun bare(text: String): String {
        var rest = text
        for (other in others) rest = rest.replace(other, HOLE)
        return holes(rest)
    }

    private fun holes(text: String) = DIGITS.replace(text, HOLE)
}

/** The dates and times that the pictures show, as the language writes them. */
private fun moments(language: Language): List<String> {
    val locale = language.locale
    val formats = listOf(
        DateTimeFormatter.ofLocalizedDate(FormatStyle.MEDIUM).withLocale(locale),
        DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).withLocale(locale),
    )
    val times = history.map { it.at } + listOf(quillmere, fernbank, townHall).map { it.created }
    return times.flatMap { time -> formats.map { it.format(Instant.ofEpochMilli(time).atZone(ZoneId.systemDefault())) } }
        .sortedByDescending { it.length }
}

/** So that the spoken form of a code is known to be digits alone. */
fun isSpokenRight(): Boolean = spoken("407193") == "4 0 7, 1 9 3"
