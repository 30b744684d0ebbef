// What a notification of a challenge says and offers, as a description that can be tested without a phone.
package nod.app.notify

import nod.logic.AnswerOutcome
import nod.logic.Pending
import nod.logic.words.Word
import nod.logic.words.Words

/** One challenge as a notification. */
data class Notice(
    /** The challenge. */
    val id: String,
    val title: String,
    val text: String,
    /** What a locked screen shows: that something waits, and nothing of it. */
    val hidden: String,
    val deny: String,
    val approve: String,
    /** When it goes by itself, in milliseconds from now. */
    val goesInMs: Long,
)

/** The notification of a challenge. */
fun noticeOf(pending: Pending, words: Words) = Notice(
    id = pending.id,
    title = words.text(Word.NOTIFICATION_TITLE),
    text = words.text(Word.NOTIFICATION_TEXT, "service" to pending.serviceName),
    hidden = words.text(Word.NOTIFICATION_HIDDEN),
    deny = words.text(Word.CHALLENGE_DENY),
    approve = words.text(Word.CHALLENGE_APPROVE),
    goesInMs = (pending.secondsLeft * 1000).toLong().coerceAtLeast(1),
)

/** What is said once a denial from a notification has been sent, or could not be; none where nothing needs saying. */
fun afterDenial(outcome: AnswerOutcome?, service: String, words: Words): String? = when (outcome) {
    AnswerOutcome.Denied, AnswerOutcome.Reported -> words.text(Word.NOTIFICATION_DENIED, "service" to service)
    null, AnswerOutcome.Refused, AnswerOutcome.Conflict -> words.text(Word.NOTIFICATION_DENY_FAILED)
    // It had ended before, and nobody was signed in by this phone.
    AnswerOutcome.Expired, AnswerOutcome.Superseded, AnswerOutcome.WrongNumber -> null
    AnswerOutcome.Approved -> words.text(Word.NOTIFICATION_DENY_FAILED)
}
