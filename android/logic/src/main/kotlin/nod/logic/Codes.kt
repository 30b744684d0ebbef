// One-time codes. What a code shows is not in the text form of these types.
package nod.logic

/** One one-time code and what it shows now. */
data class CodeEntry(
    val id: String,
    /** Who issued it; may be empty. */
    val issuer: String,
    /** May be empty. */
    val account: String,
    /** How many digits it shows: 6, 7 or 8. */
    val digits: Int,
    /** What it shows now; none for a counter-based one, which shows its next code when asked. */
    val now: CodeNow?,
    /** When it was added, in milliseconds since 1970. */
    val created: Long,
)

/** What a time-based code shows now. */
data class CodeNow(
    val code: String,
    /** The code of the next period. */
    val next: String,
    /** How long `code` was the current one when it was asked for, in seconds. */
    val secondsLeft: Double,
    /** The length of a period in seconds. */
    val periodS: Int,
) {
    override fun toString() = "CodeNow(secondsLeft=$secondsLeft, periodS=$periodS)"
}

/** What came of adding several codes. */
data class AddedCodes(
    val added: Int,
    /** Codes that were there already. */
    val known: Int,
    /** Codes that cannot be shown here. */
    val skipped: Int,
    /** Which QR code of several this was, counted from 1; 1 of 1 otherwise. */
    val part: Int,
    val parts: Int,
)

/** A one-time code that is typed by hand: time-based, with SHA-1, as nearly every service has it. */
data class TypedCode(
    val issuer: String,
    val account: String,
    /** In base32: either case, spaces and padding do not matter. */
    val secret: String,
    /** 6, 7 or 8. */
    val digits: Int = 6,
    /** How long each code is the current one, in seconds. */
    val periodS: Int = 30,
) {
    override fun toString() = "TypedCode(digits=$digits, periodS=$periodS)"
}
