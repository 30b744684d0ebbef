// What the system's prompt says, in the user's language.
package nod.app

import nod.logic.PromptReason
import nod.logic.VerifyReason
import nod.logic.words.Word
import nod.logic.words.Words

/** The texts of prompts, in the language that is set when they are shown. */
class PromptWords(private val words: () -> Words) {
    fun title(): String = words().text(Word.PROMPT_TITLE)

    fun cancel(): String = words().text(Word.PROMPT_CANCEL)

    /** What a key is about to be used for. */
    fun reason(reason: PromptReason): String = with(words()) {
        when (reason) {
            // A guarded key is never used silently; should it be, the title says enough.
            PromptReason.Silent -> ""
            PromptReason.Enrol -> text(Word.PROMPT_ENROL)
            is PromptReason.Approve -> text(Word.PROMPT_APPROVE, "service" to reason.service)
            PromptReason.OfferMove -> text(Word.PROMPT_OFFER)
            is PromptReason.MoveAway -> text(Word.PROMPT_AWAY, "service" to reason.service)
            is PromptReason.TakeOver -> text(Word.PROMPT_TAKE_OVER, "service" to reason.service)
        }
    }

    /** Why the app itself asks. */
    fun reason(reason: VerifyReason): String = words().text(
        when (reason) {
            VerifyReason.Unlock -> Word.PROMPT_UNLOCK
            VerifyReason.Setting -> Word.PROMPT_SETTING
            VerifyReason.Export -> Word.PROMPT_EXPORT
        },
    )
}
