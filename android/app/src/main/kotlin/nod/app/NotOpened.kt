// What is shown when the phone's data cannot be opened: why, and that one may try again. Nothing is deleted.
package nod.app

import androidx.compose.runtime.Composable
import nod.logic.PhoneError
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Explanation
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.Page

@Composable
fun NotOpened(error: PhoneError, words: Words, retry: () -> Unit) {
    Page(
        words.text(Word.ERROR_VAULT_HEADING),
        bar = false,
        foot = { MainButton(words.text(Word.TRY_AGAIN), onClick = retry) },
    ) {
        Heading(words.text(Word.ERROR_VAULT_HEADING))
        Explanation(words.text(Word.ERROR_VAULT_TEXT, "reason" to words.text(why(error))))
    }
}

private fun why(error: PhoneError): Word = when (error) {
    PhoneError.KeyStoreUnavailable -> Word.ERROR_KEY_STORE
    PhoneError.Damaged -> Word.ERROR_DAMAGED
    PhoneError.NewerVersion -> Word.ERROR_NEWER_VERSION
    PhoneError.Storage -> Word.ERROR_STORAGE
    else -> Word.ERROR_OTHER
}
