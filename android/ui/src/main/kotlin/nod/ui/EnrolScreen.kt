// Adds an account: the other side proves itself, the check code is typed on the login page, the account is there.
package nod.ui

import androidx.compose.foundation.layout.padding
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import nod.logic.Account
import nod.logic.PhoneError
import nod.logic.enrol.EnrolEvent
import nod.logic.enrol.EnrolState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.BigCode
import nod.ui.components.Busy
import nod.ui.components.Explanation
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.NodCard
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Outcome
import nod.ui.components.Page
import nod.ui.components.Tone
import nod.ui.components.Working
import nod.ui.components.spoken
import nod.ui.theme.Gap
import nod.ui.theme.Signs

@Composable
fun EnrolScreen(state: EnrolState, words: Words, on: (EnrolEvent) -> Unit) = when (state) {
    EnrolState.Contacting -> Page(
        words[Word.ENROL_TITLE],
        back = Back(words[Word.CANCEL]) { on(EnrolEvent.CancelPressed) },
        foot = { OtherButton(words[Word.CANCEL]) { on(EnrolEvent.CancelPressed) } },
    ) { Working(words[Word.ENROL_CONTACTING_HEADING], words[Word.ENROL_CONTACTING_TEXT]) }
    is EnrolState.Code -> CodePage(state, words, on)
    is EnrolState.Added -> AddedPage(state.account, words, on)
    is EnrolState.Failed -> FailedPage(state.error, words, on)
}

@Composable
private fun CodePage(state: EnrolState.Code, words: Words, on: (EnrolEvent) -> Unit) {
    Page(
        words[Word.ENROL_TITLE],
        back = Back(words[Word.CANCEL]) { on(EnrolEvent.CancelPressed) },
        foot = {
            Busy(words.text(Word.ENROL_CODE_WAITING, "service" to state.serviceName))
            OtherButton(words[Word.CANCEL], enabled = !state.cancelling) { on(EnrolEvent.CancelPressed) }
        },
    ) {
        ServiceHead(words, state.serviceName, state.domain)
        Heading(words[Word.ENROL_CODE_HEADING], Modifier.padding(top = Gap.s))
        BigCode(state.code, words.text(Word.ENROL_CODE_SPOKEN, "code" to spoken(state.code)))
        Explanation(words.text(Word.ENROL_CODE_TEXT, "service" to state.serviceName))
        Notice(words[Word.ENROL_CODE_ONLY], Tone.Warn, spoken = false)
    }
}

@Composable
private fun AddedPage(account: Account, words: Words, on: (EnrolEvent) -> Unit) {
    Page(
        words[Word.ENROL_TITLE],
        foot = { MainButton(words[Word.DONE]) { on(EnrolEvent.ClosePressed) } },
    ) {
        Outcome(
            Signs.check,
            Tone.Good,
            words.text(Word.ENROL_ADDED_HEADING, "service" to account.serviceName),
            words.text(Word.ENROL_ADDED_TEXT, "label" to account.label),
        )
        NodCard { ServiceHead(words, account.serviceName, account.domain, account.label, Modifier.padding(Gap.l)) }
    }
}

@Composable
private fun FailedPage(error: PhoneError, words: Words, on: (EnrolEvent) -> Unit) {
    val text = when (error) {
        PhoneError.Expired, PhoneError.UsedUp -> words[Word.ENROL_FAILED_EXPIRED]
        else -> words.error(error)
    }
    Page(
        words[Word.ENROL_TITLE],
        foot = { MainButton(words[Word.CLOSE]) { on(EnrolEvent.ClosePressed) } },
    ) { Outcome(Signs.alert, Tone.Bad, words[Word.ENROL_FAILED_HEADING], text) }
}
