// One account: its name, who checks its answers, and its removal.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.text.font.FontFamily
import nod.logic.Account
import nod.logic.account.AccountEvent
import nod.logic.account.AccountState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Busy
import nod.ui.components.Fact
import nod.ui.components.Facts
import nod.ui.components.Field
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Page
import nod.ui.components.Question
import nod.ui.components.QuietButton
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.Signs

@Composable
fun AccountScreen(state: AccountState, words: Words, on: (AccountEvent) -> Unit) {
    val account = state.account
    Page(
        words[Word.ACCOUNT_TITLE],
        back = Back(words[Word.BACK]) { on(AccountEvent.BackPressed) },
        foot = {
            if (account != null) {
                QuietButton(words[Word.ACCOUNT_REMOVE], Signs.bin, danger = true) { on(AccountEvent.RemovePressed) }
            }
        },
    ) {
        Trouble(state.error?.let(words::error))
        if (account == null) {
            if (state.error == null) Busy(words[Word.LOADING])
        } else {
            ServiceHead(words, account.serviceName, account.domain)
            KeyChange(state, account, words, on)
            Facts(facts(account, words))
            Label(state, words, on)
        }
    }
    if (account != null && state.askRemove) {
        Question(
            words.text(Word.ACCOUNT_REMOVE_HEADING, "service" to account.serviceName),
            words[Word.ACCOUNT_REMOVE_TEXT],
            yes = words[Word.ACCOUNT_REMOVE_YES],
            no = words[Word.ACCOUNT_REMOVE_NO],
            onYes = { on(AccountEvent.RemoveConfirmed) },
            onNo = { on(AccountEvent.RemoveDismissed) },
        )
    }
    if (account != null && state.askKeyChange) KeyQuestion(account, words, on)
}

private fun facts(account: Account, words: Words) = listOfNotNull(
    // Where there is one, it stands under the name.
    Fact(Signs.shield, words[Word.ACCOUNT_DOMAIN], words[Word.ACCOUNT_NO_DOMAIN]).takeIf { account.domain == null },
    Fact(Signs.check, words[Word.ACCOUNT_CHECKS], words[if (account.verifiesItself) Word.ACCOUNT_CHECKS_SERVICE else Word.ACCOUNT_CHECKS_RELAY]),
    Fact(Signs.globe, words[Word.ACCOUNT_RELAY], account.relay),
    Fact(Signs.clock, words[Word.ACCOUNT_ADDED], words.day(account.created)),
)

@Composable
private fun Label(state: AccountState, words: Words, on: (AccountEvent) -> Unit) {
    Column(verticalArrangement = Arrangement.spacedBy(Gap.m)) {
        Field(words[Word.ACCOUNT_LABEL], state.label, { on(AccountEvent.LabelChanged(it)) }, enabled = !state.saving)
        OtherButton(words[Word.SAVE], enabled = state.canSave) { on(AccountEvent.SavePressed) }
        if (state.saved) Notice(words[Word.SAVED], Tone.Good)
    }
}

@Composable
private fun KeyChange(state: AccountState, account: Account, words: Words, on: (AccountEvent) -> Unit) {
    if (state.keyChanged) {
        Notice(words.text(Word.ACCOUNT_KEY_DONE, "service" to account.serviceName), Tone.Good)
    } else if (account.asksToVerifyItself != null) {
        Notice(words.text(Word.ACCOUNT_KEY_HEADING, "service" to account.serviceName), Tone.Warn, sign = Signs.key) {
            Column(Modifier.padding(start = Gap.m, end = Gap.m, bottom = Gap.m, top = Gap.s)) {
                OtherButton(words[Word.CONTINUE]) { on(AccountEvent.KeyChangePressed) }
            }
        }
    }
}

@Composable
private fun KeyQuestion(account: Account, words: Words, on: (AccountEvent) -> Unit) {
    Question(
        words.text(Word.ACCOUNT_KEY_HEADING, "service" to account.serviceName),
        words.text(Word.ACCOUNT_KEY_TEXT, "service" to account.serviceName),
        yes = words[Word.ACCOUNT_KEY_AGREE],
        no = words[Word.ACCOUNT_KEY_LATER],
        onYes = { on(AccountEvent.KeyChangeConfirmed) },
        onNo = { on(AccountEvent.KeyChangeDismissed) },
        danger = false,
    ) {
        Column {
            Text(words[Word.ACCOUNT_KEY_THUMBPRINT], color = Nod.colours.muted, style = Nod.type.bodySmall)
            Text(
                account.asksToVerifyItself.orEmpty().chunked(4).joinToString(" "),
                style = Nod.type.bodyLarge.copy(fontFamily = FontFamily.Monospace),
            )
        }
    }
}
