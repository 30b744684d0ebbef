// A backup of the one-time codes: sealed with a passphrase and saved, or opened and added.
package nod.ui

import androidx.compose.runtime.Composable
import nod.logic.backup.BackupDone
import nod.logic.backup.BackupEvent
import nod.logic.backup.BackupState
import nod.logic.backup.PassphraseFault
import nod.logic.root.BackupMode
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Busy
import nod.ui.components.Explanation
import nod.ui.components.Field
import nod.ui.components.FieldKind
import nod.ui.components.MainButton
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Outcome
import nod.ui.components.Page
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.theme.Signs

@Composable
fun BackupScreen(state: BackupState, words: Words, on: (BackupEvent) -> Unit) {
    val export = state.mode == BackupMode.Export
    val done = state.done
    Page(
        words[if (export) Word.BACKUP_EXPORT_TITLE else Word.BACKUP_RESTORE_TITLE],
        back = Back(words[Word.BACK]) { on(BackupEvent.BackPressed) },
        foot = {
            when {
                done != null -> MainButton(words[Word.DONE]) { on(BackupEvent.BackPressed) }
                state.busy -> Busy(words[if (export) Word.BACKUP_WORKING else Word.BACKUP_OPENING])
                else -> MainButton(
                    words[if (export) Word.BACKUP_EXPORT_DO else Word.BACKUP_RESTORE_DO],
                    if (export) Signs.save else Signs.restore,
                    enabled = state.canStart,
                ) { on(BackupEvent.StartPressed) }
            }
        },
    ) {
        when (done) {
            is BackupDone.Saved -> Outcome(Signs.check, Tone.Good, words.count(Plural.BACKUP_EXPORTED, done.codes))
            is BackupDone.Restored -> Restored(done, words)
            null -> {
                Explanation(words[if (export) Word.BACKUP_EXPORT_TEXT else Word.BACKUP_RESTORE_TEXT])
                Trouble(state.error?.let(words::error))
                if (export) ExportFields(state, words, on) else RestoreFields(state, words, on)
            }
        }
    }
}

@Composable
private fun ExportFields(state: BackupState, words: Words, on: (BackupEvent) -> Unit) {
    Field(
        words[Word.BACKUP_PASSPHRASE],
        state.passphrase,
        { on(BackupEvent.PassphraseChanged(it)) },
        kind = FieldKind.Passphrase,
        hint = words[Word.BACKUP_SHORT],
        enabled = !state.busy,
        last = false,
    )
    Field(
        words[Word.BACKUP_REPEAT],
        state.repeated,
        { on(BackupEvent.RepeatedChanged(it)) },
        kind = FieldKind.Passphrase,
        wrong = words[Word.BACKUP_DIFFERENT].takeIf { state.fault == PassphraseFault.Different },
        enabled = !state.busy,
    )
}

@Composable
private fun RestoreFields(state: BackupState, words: Words, on: (BackupEvent) -> Unit) {
    OtherButton(words[Word.BACKUP_RESTORE_CHOOSE], Signs.file, enabled = !state.busy) { on(BackupEvent.ChoosePressed) }
    if (state.file != null) Notice(words[Word.BACKUP_RESTORE_CHOSEN], Tone.Good)
    Field(
        words[Word.BACKUP_PASSPHRASE],
        state.passphrase,
        { on(BackupEvent.PassphraseChanged(it)) },
        kind = FieldKind.Passphrase,
        enabled = !state.busy,
    )
}

@Composable
private fun Restored(done: BackupDone.Restored, words: Words) {
    val added = done.added
    val rest = listOfNotNull(
        words.count(Plural.SCAN_KNOWN, added.known).takeIf { added.known > 0 },
        words.count(Plural.SCAN_SKIPPED, added.skipped).takeIf { added.skipped > 0 },
    )
    Outcome(Signs.check, Tone.Good, words.count(Plural.SCAN_ADDED, added.added), rest.joinToString(" ").ifEmpty { null })
}
