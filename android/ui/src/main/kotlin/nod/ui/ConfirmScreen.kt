// Asks about a code that another app or a page opened.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.text.style.TextAlign
import nod.logic.Scanned
import nod.logic.confirm.ConfirmEvent
import nod.logic.confirm.ConfirmState
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Balanced
import nod.ui.components.Busy
import nod.ui.components.CardRow
import nod.ui.components.Explanation
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.Medallion
import nod.ui.components.NodCard
import nod.ui.components.OtherButton
import nod.ui.components.Page
import nod.ui.components.SignSquare
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.components.breakable
import nod.ui.theme.Gap
import nod.ui.theme.Signs

@Composable
fun ConfirmScreen(state: ConfirmState, words: Words, on: (ConfirmEvent) -> Unit) {
    Page(
        words[Word.CONFIRM_TITLE],
        back = Back(words[Word.BACK]) { on(ConfirmEvent.CancelPressed) },
        foot = {
            if (state.scanned != null) MainButton(words[Word.CONTINUE], enabled = state.canContinue) { on(ConfirmEvent.ContinuePressed) }
            OtherButton(words[Word.CANCEL]) { on(ConfirmEvent.CancelPressed) }
        },
    ) {
        Column(
            Modifier.fillMaxWidth().padding(top = Gap.xl),
            horizontalAlignment = Alignment.CenterHorizontally,
            verticalArrangement = Arrangement.spacedBy(Gap.m),
        ) {
            Medallion(Signs.alert, Tone.Warn)
            Balanced(Modifier.padding(top = Gap.s)) { Heading(words[Word.CONFIRM_HEADING], align = TextAlign.Center) }
            Balanced { Explanation(words[Word.CONFIRM_TEXT], align = TextAlign.Center) }
        }
        state.scanned?.let { What(it, words) }
        Trouble(state.error?.let(words::error))
        if (state.busy) Busy(words[Word.LOADING])
    }
}

@Composable
private fun What(scanned: Scanned, words: Words) {
    val (sign, text) = when (scanned) {
        is Scanned.Enrolment -> Signs.key to words.text(Word.CONFIRM_ENROLMENT, "relay" to scanned.relay)
        is Scanned.Move -> Signs.handover to words.text(Word.CONFIRM_MOVE, "relay" to scanned.relay)
        is Scanned.Code -> Signs.keypad to words.text(Word.CONFIRM_CODE, "issuer" to scanned.issuer.ifEmpty { scanned.account })
        is Scanned.Export -> Signs.keypad to words.count(Plural.CONFIRM_CODES, scanned.codes)
    }
    NodCard { CardRow(breakable(text), front = { SignSquare(sign) }) }
}
