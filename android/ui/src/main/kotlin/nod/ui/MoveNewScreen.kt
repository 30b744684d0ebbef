// A move, on the phone that the accounts come to.
package nod.ui

import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.padding
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import nod.logic.PhoneError
import nod.logic.movenew.MoveNewEvent
import nod.logic.movenew.MoveNewState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.BigCode
import nod.ui.components.Explanation
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Outcome
import nod.ui.components.Page
import nod.ui.components.QuietButton
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.components.Working
import nod.ui.components.spoken
import nod.ui.theme.Gap
import nod.ui.theme.Signs

@Composable
fun MoveNewScreen(state: MoveNewState, words: Words, on: (MoveNewEvent) -> Unit) {
    when (state) {
        MoveNewState.Joining -> Frame(words, on) { Working(words[Word.MOVE_JOIN_HEADING], words[Word.MOVE_JOIN_TEXT]) }
        is MoveNewState.CodeShown -> Frame(words, on) {
            Heading(words[Word.MOVE_CODE_HEADING], Modifier.padding(top = Gap.l))
            BigCode(state.code, words.text(Word.MOVE_CODE_SPOKEN, "code" to spoken(state.code)))
            Explanation(words.text(Word.MOVE_CODE_TEXT, "phone" to words.phone(state.otherPhone)))
            Notice(words[Word.MOVE_CODE_ONLY], Tone.Warn, spoken = false)
        }
        is MoveNewState.Moving -> MovingPage(state, words, on)
        is MoveNewState.Ended -> EndedPage(state, words, on)
        is MoveNewState.Failed -> FailedPage(state.error, words, on)
    }
}

@Composable
private fun Frame(
    words: Words,
    on: (MoveNewEvent) -> Unit,
    foot: @Composable ColumnScope.() -> Unit = { OtherButton(words[Word.CANCEL]) { on(MoveNewEvent.CancelPressed) } },
    content: @Composable ColumnScope.() -> Unit,
) = Page(
    words[Word.MOVE_TITLE],
    back = Back(words[Word.CANCEL]) { on(MoveNewEvent.CancelPressed) },
    foot = foot,
    content = content,
)

@Composable
private fun MovingPage(state: MoveNewState.Moving, words: Words, on: (MoveNewEvent) -> Unit) {
    Frame(
        words, on,
        foot = {
            if (state.error != null) MainButton(words[Word.TRY_AGAIN], Signs.again) { on(MoveNewEvent.AgainPressed) }
            OtherButton(words[Word.MOVE_MOVING_STOP]) { on(MoveNewEvent.CancelPressed) }
        },
    ) {
        Heading(words.text(Word.MOVE_MOVING_NEW, "phone" to words.phone(state.move.otherPhone)))
        MoveProgress(state.move, words)
        Trouble(state.error?.let(words::error))
        MoveRows(state.move, words)
        Explanation(words[Word.MOVE_MOVING_STAY])
    }
}

@Composable
private fun EndedPage(state: MoveNewState.Ended, words: Words, on: (MoveNewEvent) -> Unit) {
    Page(
        words[Word.MOVE_TITLE],
        foot = { MainButton(words[Word.DONE]) { on(MoveNewEvent.ClosePressed) } },
    ) {
        val look = endLook(state.move, words)
        Outcome(look.sign, look.tone, look.heading, look.text)
        MoveRows(state.move, words)
    }
}

@Composable
private fun FailedPage(error: PhoneError, words: Words, on: (MoveNewEvent) -> Unit) {
    Page(
        words[Word.MOVE_TITLE],
        foot = {
            MainButton(words[Word.MOVE_FAILED_AGAIN_NEW], Signs.scan) { on(MoveNewEvent.AgainPressed) }
            QuietButton(words[Word.CLOSE]) { on(MoveNewEvent.ClosePressed) }
        },
    ) {
        val text = when (error) {
            PhoneError.Expired, PhoneError.UsedUp -> words[Word.MOVE_FAILED_EXPIRED]
            PhoneError.SecondPhone -> words[Word.MOVE_FAILED_SECOND_NEW]
            else -> words.error(error)
        }
        Outcome(Signs.alert, Tone.Bad, words[Word.MOVE_FAILED_HEADING], text)
    }
}
