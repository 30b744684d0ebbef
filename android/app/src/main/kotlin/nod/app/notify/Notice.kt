// What a notification of a challenge says and offers, as a description that can be tested without a phone.
package nod.app.notify

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
