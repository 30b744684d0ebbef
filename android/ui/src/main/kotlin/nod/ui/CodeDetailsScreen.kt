// One one-time code: its names, its place in the list, and its removal.
package nod.ui

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import nod.logic.code.CodeDetailsEvent
import nod.logic.code.CodeDetailsState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Busy
import nod.ui.components.Field
import nod.ui.components.MainButton
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Page
import nod.ui.components.Question
import nod.ui.components.QuietButton
import nod.ui.components.Shares
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.theme.Gap
import nod.ui.theme.Signs

@Composable
fun CodeDetailsScreen(state: CodeDetailsState, words: Words, on: (CodeDetailsEvent) -> Unit) {
    Page(
        words[Word.CODE_TITLE],
        back = Back(words[Word.BACK]) { on(CodeDetailsEvent.BackPressed) },
        foot = {
            if (state.loaded) {
                QuietButton(words[Word.CODE_REMOVE], Signs.bin, enabled = !state.busy, danger = true) { on(CodeDetailsEvent.RemovePressed) }
            }
        },
    ) {
        Trouble(state.error?.let(words::error))
        if (state.loaded) {
            Field(words[Word.CODE_ISSUER], state.issuer, { on(CodeDetailsEvent.IssuerChanged(it)) }, enabled = !state.busy, last = false)
            Field(words[Word.CODE_ACCOUNT], state.account, { on(CodeDetailsEvent.AccountChanged(it)) }, enabled = !state.busy)
            MainButton(words[Word.SAVE], enabled = state.canSave) { on(CodeDetailsEvent.SavePressed) }
            if (state.saved) Notice(words[Word.SAVED], Tone.Good)
            Shares(Modifier.fillMaxWidth(), gap = Gap.m) {
                OtherButton(words[Word.CODE_UP], Signs.up, enabled = state.canMoveUp) { on(CodeDetailsEvent.UpPressed) }
                OtherButton(words[Word.CODE_DOWN], Signs.down, enabled = state.canMoveDown) { on(CodeDetailsEvent.DownPressed) }
            }
        } else if (state.error == null) {
            Busy(words[Word.LOADING])
        }
    }
    if (state.askRemove) {
        Question(
            words.text(Word.CODE_REMOVE_HEADING, "name" to state.name),
            words[Word.CODE_REMOVE_TEXT],
            yes = words[Word.ACCOUNT_REMOVE_YES],
            no = words[Word.ACCOUNT_REMOVE_NO],
            onYes = { on(CodeDetailsEvent.RemoveConfirmed) },
            onNo = { on(CodeDetailsEvent.RemoveDismissed) },
        )
    }
}
