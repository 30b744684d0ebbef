// How a challenge ended: a sign, a tone and words, the same on its own screen and in the history.
package nod.ui

import androidx.compose.ui.graphics.vector.ImageVector
import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Tone
import nod.ui.theme.Signs

internal class EndLook(val sign: ImageVector, val tone: Tone, val heading: String, val text: String)

internal fun Words.end(end: ChallengeEnd, service: String): EndLook {
    fun look(sign: ImageVector, tone: Tone, heading: Word, text: Word) =
        EndLook(sign, tone, text(heading), text(text, "service" to service))
    return when (end) {
        is ChallengeEnd.Answered -> when (end.outcome) {
            AnswerOutcome.Approved -> look(Signs.check, Tone.Good, Word.ENDED_APPROVED, Word.ENDED_APPROVED_TEXT)
            AnswerOutcome.Denied -> look(Signs.cross, Tone.Neutral, Word.ENDED_DENIED, Word.ENDED_DENIED_TEXT)
            AnswerOutcome.Reported -> look(Signs.flag, Tone.Warn, Word.ENDED_REPORTED, Word.ENDED_REPORTED_TEXT)
            AnswerOutcome.WrongNumber -> look(Signs.alert, Tone.Bad, Word.ENDED_WRONG_NUMBER, Word.ENDED_WRONG_NUMBER_TEXT)
            AnswerOutcome.Expired -> look(Signs.clock, Tone.Neutral, Word.ENDED_EXPIRED, Word.ENDED_EXPIRED_TEXT)
            AnswerOutcome.Superseded -> look(Signs.again, Tone.Neutral, Word.ENDED_SUPERSEDED, Word.ENDED_SUPERSEDED_TEXT)
            AnswerOutcome.Conflict -> look(Signs.phone, Tone.Neutral, Word.ENDED_ELSEWHERE, Word.ENDED_ELSEWHERE_TEXT)
            AnswerOutcome.Refused -> look(Signs.alert, Tone.Bad, Word.ENDED_REFUSED, Word.ENDED_REFUSED_TEXT)
        }
        ChallengeEnd.ApprovedUnconfirmed,
        ChallengeEnd.DeniedUnconfirmed,
        ChallengeEnd.ReportedUnconfirmed,
        -> look(Signs.info, Tone.Warn, Word.ENDED_UNCONFIRMED, Word.ENDED_UNCONFIRMED_TEXT)
        ChallengeEnd.Superseded -> look(Signs.again, Tone.Neutral, Word.ENDED_SUPERSEDED, Word.ENDED_SUPERSEDED_TEXT)
        ChallengeEnd.Cancelled -> look(Signs.cross, Tone.Neutral, Word.ENDED_CANCELLED, Word.ENDED_CANCELLED_TEXT)
        ChallengeEnd.AnsweredElsewhere -> look(Signs.phone, Tone.Neutral, Word.ENDED_ELSEWHERE, Word.ENDED_ELSEWHERE_TEXT)
        ChallengeEnd.Expired -> look(Signs.clock, Tone.Neutral, Word.ENDED_EXPIRED, Word.ENDED_EXPIRED_TEXT)
    }
}
