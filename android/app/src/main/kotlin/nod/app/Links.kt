// Which texts another app may open this one with.
package nod.app

/** The longest text of a link, in characters: no QR code holds more. */
private const val LONGEST = 4096

/** The schemes that the manifest lets other apps open this one with. */
internal val LINK_SCHEMES = setOf("nod", "otpauth")

/**
 * The text of a link that is asked about, or none. What it would do is shown, and done only when the user says so
 * in the app: a link never does anything.
 */
fun linkText(action: String?, data: String?): String? {
    if (action != ACTION_VIEW || data == null || data.length > LONGEST) return null
    val scheme = data.substringBefore(':', missingDelimiterValue = "").lowercase()
    return data.takeIf { scheme in LINK_SCHEMES }
}

private const val ACTION_VIEW = "android.intent.action.VIEW"
