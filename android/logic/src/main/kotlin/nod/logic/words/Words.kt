// The texts of the apps in the user's language.
// Made by bindings/words/generate from bindings/words/*.json: change those, not this.

package nod.logic.words

/** A language of the apps. [tag] is its BCP 47 name, [ownName] what its speakers call it. */
enum class Language(val tag: String, val ownName: String) {
    EN("en", "English"),
    SV("sv", "Svenska"),
    NB("nb", "Norsk bokmål"),
    DA("da", "Dansk");

    companion object {
        /** The language for a locale such as `sv-SE`. Any Norwegian is bokmål; what the apps do not speak is English. */
        fun of(localeTag: String): Language {
            val language = localeTag.substringBefore('-').substringBefore('_').lowercase()
            return if (language == "no" || language == "nn") NB else entries.firstOrNull { it.tag == language } ?: EN
        }
    }
}

/** A text with a form for one and a form for any other number; [key] is its name in `bindings/words/`. */
enum class Plural(val key: String) {
    SCAN_ADDED("scan.added"),
    SCAN_KNOWN("scan.known"),
    SCAN_SKIPPED("scan.skipped"),
    CONFIRM_CODES("confirm.codes"),
    HOME_PENDING("home.pending"),
    HOME_CODE_LEFT("home.code.left"),
    CHALLENGE_LEFT("challenge.left"),
    CHALLENGE_MORE("challenge.more"),
    BACKUP_EXPORTED("backup.exported"),
    MOVE_ACCOUNTS("move.accounts"),
    MOVE_CODES("move.codes"),
    MOVE_QR_LEFT("move.qr.left"),
    MOVE_MOVING_COUNT("move.moving.count"),
    MOVE_ENDED_CODES("move.ended.codes"),
    MOVE_ENDED_DELETED("move.ended.deleted"),
}

/** The texts of one language. */
class Words private constructor(val language: Language, private val texts: Texts) {
    /**
     * The text, with the values of its placeholders. A string comes from a service, a relay or the user: it is wrapped in
     * Unicode isolates (U+2068 and U+2069) and loses the controls with which it could leave them, so that it cannot turn
     * the words around it. A number is put in as it is. A placeholder without a value stays.
     */
    fun text(word: Word, vararg args: Pair<String, Any>): String = filled(texts.text(word), args.toMap())

    /** The form of the text for [n] of something, with `{count}` and the values of the other placeholders as in [text]. */
    fun count(plural: Plural, n: Int, vararg args: Pair<String, Any>): String {
        val forms = texts.forms(plural)
        return filled(if (n == 1) forms.one else forms.other, args.toMap() + ("count" to n))
    }

    companion object {
        /** The texts in [language]. */
        fun of(language: Language): Words = Words(language, textsOf(language))

        private fun textsOf(language: Language): Texts = when (language) {
            Language.EN -> English
            Language.SV -> Swedish
            Language.NB -> Norwegian
            Language.DA -> Danish
        }
    }
}

internal interface Texts {
    fun text(word: Word): String

    fun forms(plural: Plural): Forms
}

internal class Forms(val one: String, val other: String)

private val PLACEHOLDER = Regex("\\{([a-z]+)\\}")

/** What opens or closes an embedding, an override or an isolate. */
private val DIRECTION_CONTROL = Regex("[\\u202A-\\u202E\\u2066-\\u2069]")

// One pass, so that a value that looks like a placeholder is not read as one.
private fun filled(text: String, args: Map<String, Any>): String =
    PLACEHOLDER.replace(text) { found -> args[found.groupValues[1]]?.let(::shown) ?: found.value }

private fun shown(value: Any): String = if (value is Number) value.toString() else isolated(value.toString())

private fun isolated(value: String): String = "\u2068${DIRECTION_CONTROL.replace(value, "")}\u2069"
