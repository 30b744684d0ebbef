// What the phone calls itself to others.
package nod.app

private const val LONGEST = 64

/** `name` without what cannot be shown, cut to 64 characters; `otherwise` where nothing of it is left. */
fun shownName(name: String?, otherwise: String): String = tidy(name.orEmpty()) ?: tidy(otherwise) ?: "Android"

private fun tidy(name: String): String? {
    val fine = name.filter { it.isLetterOrDigit() || it in " -_.,'’()+/&" }.trim()
    // A cut must not leave half of a character that takes two places: those are not letters to `isLetterOrDigit`, so are gone.
    return fine.take(LONGEST).trim().ifEmpty { null }
}
