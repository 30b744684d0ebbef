// Denying from a notification, and what is said about it.
package nod.app.notify

import kotlinx.coroutines.withTimeoutOrNull
import nod.logic.AnswerOutcome
import nod.logic.PhoneError
import nod.logic.PhoneFailure
import nod.logic.PhonePort
import nod.logic.words.Word
import nod.logic.words.Words

/** A receiver is cut off after ten seconds. */
private const val PATIENCE_MS = 9_000L

/** How long a phone whose process was gone waits for the challenge to be delivered again, in seconds. */
private const val LOOK_S = 4.0

/** Denies a challenge, and gives what is to be said about it; none where nothing needs saying. */
suspend fun deny(phone: PhonePort, challenge: String, words: Words): String? {
    var service = ""
    val outcome = withTimeoutOrNull(PATIENCE_MS) {
        try {
            val waiting = phone.pending().takeIf { all -> all.any { it.id == challenge } } ?: phone.waitPending(LOOK_S)
            service = waiting.firstOrNull { it.id == challenge }?.serviceName.orEmpty()
            phone.deny(challenge)
        } catch (failed: PhoneFailure) {
            // Its time is over: it was not approved here.
            if (failed.error == PhoneError.Expired) AnswerOutcome.Expired else null
        }
    }
    return afterDenial(outcome, service, words)
}

/** None for an outcome: the denial could not be sent, as far as is known. */
internal fun afterDenial(outcome: AnswerOutcome?, service: String, words: Words): String? = when (outcome) {
    AnswerOutcome.Denied, AnswerOutcome.Reported -> words.text(Word.NOTIFICATION_DENIED, "service" to service)
    // It had ended before, and nobody was signed in by this phone.
    AnswerOutcome.Expired, AnswerOutcome.Superseded, AnswerOutcome.WrongNumber -> null
    AnswerOutcome.Refused, AnswerOutcome.Conflict, AnswerOutcome.Approved, null -> words.text(Word.NOTIFICATION_DENY_FAILED)
}
