// The app's settings.
package nod.ui

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import nod.logic.settings.SettingsEvent
import nod.logic.settings.SettingsState
import nod.logic.words.Language
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.CardRow
import nod.ui.components.NodCard
import nod.ui.components.Onwards
import nod.ui.components.Page
import nod.ui.components.RadioRow
import nod.ui.components.RowLine
import nod.ui.components.Section
import nod.ui.components.SignSquare
import nod.ui.components.SwitchRow
import nod.ui.components.Trouble
import nod.ui.theme.Gap
import nod.ui.theme.Signs

@Composable
fun SettingsScreen(state: SettingsState, words: Words, on: (SettingsEvent) -> Unit) {
    Page(
        words[Word.SETTINGS_TITLE],
        back = Back(words[Word.BACK]) { on(SettingsEvent.BackPressed) },
        gap = Gap.m,
    ) {
        Trouble(state.error?.let(words::error))
        Section(words[Word.SETTINGS_SECURITY])
        Security(state, words, on)
        Section(words[Word.SETTINGS_CODES])
        Codes(state, words, on)
        Section(words[Word.SETTINGS_PHONE])
        NodCard {
            CardRow(
                words[Word.SETTINGS_MOVE],
                listOf(words[Word.SETTINGS_MOVE_TEXT]),
                front = { SignSquare(Signs.handover) },
                end = { Onwards() },
                onClick = { on(SettingsEvent.MovePressed) },
            )
            RowLine()
            CardRow(words[Word.HISTORY_TITLE], front = { SignSquare(Signs.clock) }, end = { Onwards() }, onClick = { on(SettingsEvent.HistoryPressed) })
        }
        Section(words[Word.SETTINGS_LANGUAGE])
        Languages(state.language, words, on)
        Section(words[Word.SETTINGS_ABOUT])
        NodCard {
            CardRow(
                words[Word.SETTINGS_LICENCES],
                listOf(words.text(Word.SETTINGS_VERSION, "version" to state.version)),
                front = { SignSquare(Signs.info) },
                end = { Onwards() },
                onClick = { on(SettingsEvent.LicencesPressed) },
            )
        }
    }
}

@Composable
private fun Security(state: SettingsState, words: Words, on: (SettingsEvent) -> Unit) {
    val canLock = state.lockAvailable || state.lockOn
    NodCard {
        SwitchRow(
            words[Word.SETTINGS_LOCK],
            words[if (canLock) Word.SETTINGS_LOCK_TEXT else Word.SETTINGS_LOCK_UNAVAILABLE],
            on = state.lockOn,
            enabled = canLock && !state.busy,
            front = { SignSquare(Signs.lock) },
        ) { on(SettingsEvent.LockToggled(it)) }
    }
}

@Composable
private fun Codes(state: SettingsState, words: Words, on: (SettingsEvent) -> Unit) {
    NodCard {
        if (state.canExport) {
            CardRow(
                words[Word.SETTINGS_EXPORT],
                listOf(words[Word.SETTINGS_EXPORT_TEXT]),
                front = { SignSquare(Signs.save) },
                end = { Onwards() },
                onClick = { on(SettingsEvent.ExportPressed) },
            )
            RowLine()
        }
        CardRow(words[Word.SETTINGS_RESTORE], front = { SignSquare(Signs.restore) }, end = { Onwards() }, onClick = { on(SettingsEvent.RestorePressed) })
    }
}

/** The language that is chosen; a press shows the others. */
@Composable
private fun Languages(chosen: Language?, words: Words, on: (SettingsEvent) -> Unit) {
    var open by rememberSaveable { mutableStateOf(false) }
    NodCard {
        if (!open) {
            CardRow(
                chosen?.ownName ?: words[Word.SETTINGS_LANGUAGE_PHONE],
                front = { SignSquare(Signs.language) },
                end = { Onwards() },
                onClick = { open = true },
            )
        } else {
            val choose = { language: Language? -> open = false; on(SettingsEvent.LanguageChosen(language)) }
            RadioRow(words[Word.SETTINGS_LANGUAGE_PHONE], chosen == null) { choose(null) }
            for (language in Language.entries) {
                RowLine()
                RadioRow(language.ownName, chosen == language) { choose(language) }
            }
        }
    }
}
