// A one-time code that is typed by hand.
package nod.ui

import androidx.compose.runtime.Composable
import nod.logic.code.AddCodeEvent
import nod.logic.code.AddCodeState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Field
import nod.ui.components.FieldKind
import nod.ui.components.MainButton
import nod.ui.components.Page
import nod.ui.components.ShortChoice
import nod.ui.components.Trouble
import nod.ui.theme.Signs

@Composable
fun AddCodeScreen(state: AddCodeState, words: Words, on: (AddCodeEvent) -> Unit) {
    Page(
        words[Word.CODE_ADD_TITLE],
        back = Back(words[Word.BACK]) { on(AddCodeEvent.BackPressed) },
        foot = { MainButton(words[Word.CODE_ADD], Signs.plus, enabled = state.canAdd) { on(AddCodeEvent.AddPressed) } },
    ) {
        Trouble(state.error?.let(words::error))
        Field(words[Word.CODE_ISSUER], state.issuer, { on(AddCodeEvent.IssuerChanged(it)) }, enabled = !state.busy, last = false)
        Field(words[Word.CODE_ACCOUNT], state.account, { on(AddCodeEvent.AccountChanged(it)) }, enabled = !state.busy, last = false)
        Field(
            words[Word.CODE_SECRET],
            state.secret,
            { on(AddCodeEvent.SecretChanged(it)) },
            kind = FieldKind.Code,
            hint = words[Word.CODE_SECRET_HINT],
            enabled = !state.busy,
            lines = 2,
        )
        ShortChoice(words[Word.CODE_DIGITS], listOf(6, 8), state.digits, Int::toString, !state.busy) { on(AddCodeEvent.DigitsChosen(it)) }
        ShortChoice(words[Word.CODE_PERIOD], listOf(30, 60), state.period, Int::toString, !state.busy) { on(AddCodeEvent.PeriodChosen(it)) }
    }
}
