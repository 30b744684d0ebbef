// Nod's data cannot be opened: why, and what can be done.
package nod.ui

import androidx.compose.runtime.Composable
import nod.logic.PhoneError
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.MainButton
import nod.ui.components.Outcome
import nod.ui.components.Page
import nod.ui.components.Tone
import nod.ui.theme.Signs

/** What does not go away by itself needs the accounts anew; the rest may be tried again. */
@Composable
fun VaultErrorScreen(error: PhoneError, words: Words, retry: () -> Unit) {
    val reason = words.error(error)
    Page(
        words[Word.APP_NAME],
        foot = { MainButton(words[Word.TRY_AGAIN], Signs.again, onClick = retry) },
    ) {
        val text = if (error.passes) reason else words.text(Word.ERROR_VAULT_TEXT, "reason" to reason)
        Outcome(Signs.alert, Tone.Bad, words[Word.ERROR_VAULT_HEADING], text)
    }
}

/** Whether it may be otherwise the next time. */
private val PhoneError.passes: Boolean
    get() = this == PhoneError.KeyStoreUnavailable || this == PhoneError.Storage || this == PhoneError.UserNotVerified || this == PhoneError.NewerVersion
