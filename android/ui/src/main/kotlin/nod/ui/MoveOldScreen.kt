// A move, on the phone that the accounts leave.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import nod.logic.PhoneError
import nod.logic.moveold.CODE_DIGITS
import nod.logic.moveold.MoveOldEvent
import nod.logic.moveold.MoveOldState
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Balanced
import nod.ui.components.Busy
import nod.ui.components.CardRow
import nod.ui.components.DigitsField
import nod.ui.components.Explanation
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.NodCard
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Outcome
import nod.ui.components.Page
import nod.ui.components.QrCode
import nod.ui.components.QrWriter
import nod.ui.components.QuietButton
import nod.ui.components.Ring
import nod.ui.components.RowLine
import nod.ui.components.SignSquare
import nod.ui.components.TextAnd
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.components.Working
import nod.ui.theme.Gap
import nod.ui.theme.LineSign
import nod.ui.theme.Nod
import nod.ui.theme.Signs

/** How long the QR code and the digits are good, at most: what the whole ring stands for. */
private const val WHOLE_S = 120f

/** `qr` makes the modules of the QR code. */
@Composable
fun MoveOldScreen(state: MoveOldState, words: Words, on: (MoveOldEvent) -> Unit, qr: QrWriter) {
    when (state) {
        is MoveOldState.Warning -> WarningPage(state, words, on)
        MoveOldState.Opening -> Frame(words, on) { Working(words[Word.MOVE_OPENING]) }
        is MoveOldState.Qr -> QrPage(state, words, on, qr)
        is MoveOldState.Code -> CodePage(state, words, on)
        is MoveOldState.Moving -> MovingPage(state, words, on)
        is MoveOldState.Ended -> EndedPage(state, words, on)
        is MoveOldState.Failed -> FailedPage(state.error, words, on)
    }
}

@Composable
private fun Frame(
    words: Words,
    on: (MoveOldEvent) -> Unit,
    foot: @Composable ColumnScope.() -> Unit = { OtherButton(words[Word.CANCEL]) { on(MoveOldEvent.CancelPressed) } },
    content: @Composable ColumnScope.() -> Unit,
) = Page(
    words[Word.MOVE_TITLE],
    back = Back(words[Word.CANCEL]) { on(MoveOldEvent.CancelPressed) },
    foot = foot,
    content = content,
)

@Composable
private fun WarningPage(state: MoveOldState.Warning, words: Words, on: (MoveOldEvent) -> Unit) {
    val something = state.accounts + state.codes > 0
    Frame(
        words, on,
        foot = {
            if (something) Balanced(Modifier.align(Alignment.CenterHorizontally)) { Explanation(words[Word.MOVE_WARNING_READY], align = TextAlign.Center) }
            MainButton(words[Word.MOVE_WARNING_START], Signs.scan, enabled = something) { on(MoveOldEvent.StartPressed) }
        },
    ) {
        if (!something) {
            Notice(words[Word.MOVE_FAILED_NOTHING], Tone.Neutral)
            return@Frame
        }
        Heading(words[Word.MOVE_WARNING_GOODS], style = Nod.type.titleMedium)
        NodCard {
            if (state.accounts > 0) CardRow(words.count(Plural.MOVE_ACCOUNTS, state.accounts), front = { SignSquare(Signs.key) })
            if (state.accounts > 0 && state.codes > 0) RowLine()
            if (state.codes > 0) CardRow(words.count(Plural.MOVE_CODES, state.codes), front = { SignSquare(Signs.keypad) })
        }
        if (state.accounts > 0) {
            Point(Signs.shield, words[Word.MOVE_WARNING_KEYS])
            Point(Signs.handover, words[Word.MOVE_WARNING_AFTER])
        }
        if (state.codes > 0) Point(Signs.copy, words[Word.MOVE_WARNING_CODES])
    }
}

@Composable
private fun Point(sign: ImageVector, text: String) {
    Row(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}.padding(horizontal = Gap.xs),
        horizontalArrangement = Arrangement.spacedBy(Gap.m),
    ) {
        LineSign(sign, Nod.type.bodyMedium, Nod.colours.accent)
        Text(text, Modifier.weight(1f), style = Nod.type.bodyMedium)
    }
}

@Composable
private fun QrPage(state: MoveOldState.Qr, words: Words, on: (MoveOldEvent) -> Unit, qr: QrWriter) {
    Frame(words, on) {
        Column(Modifier.fillMaxWidth(), horizontalAlignment = Alignment.CenterHorizontally, verticalArrangement = Arrangement.spacedBy(Gap.l)) {
            Balanced { Heading(words[Word.MOVE_QR_HEADING], align = TextAlign.Center) }
            QrCode(state.text, qr, words[Word.MOVE_QR_LABEL])
        }
        Row(
            Modifier.fillMaxWidth(),
            horizontalArrangement = Arrangement.spacedBy(14.dp, Alignment.CenterHorizontally),
            verticalAlignment = Alignment.CenterVertically,
        ) {
            Ring(state.left, state.left / WHOLE_S, words.count(Plural.MOVE_QR_LEFT, state.left), size = 52.dp)
            Text(words[Word.MOVE_QR_WAITING], Modifier.weight(1f, fill = false), style = Nod.type.labelLarge)
        }
        Notice(words[Word.MOVE_QR_NOBODY], Tone.Warn, spoken = false)
    }
}

@Composable
private fun CodePage(state: MoveOldState.Code, words: Words, on: (MoveOldEvent) -> Unit) {
    Frame(
        words, on,
        foot = {
            if (state.sending) {
                Busy(words[Word.LOADING])
            } else {
                MainButton(words[Word.MOVE_DIGITS_CONFIRM], Signs.handover, enabled = state.canConfirm) { on(MoveOldEvent.ConfirmPressed) }
            }
            OtherButton(words[Word.CANCEL], enabled = !state.sending) { on(MoveOldEvent.CancelPressed) }
        },
    ) {
        TextAnd(
            Modifier.fillMaxWidth(),
            gap = Gap.l,
            text = { Heading(words[Word.MOVE_DIGITS_HEADING], style = Nod.type.headlineSmall) },
            beside = { Ring(state.left, state.left / WHOLE_S, words.count(Plural.MOVE_QR_LEFT, state.left)) },
        )
        DigitsField(
            words[Word.MOVE_DIGITS_LABEL],
            words.text(Word.MOVE_DIGITS_SCANNED, "phone" to words.phone(state.otherPhone)),
            state.typed,
            CODE_DIGITS,
            { on(MoveOldEvent.DigitsTyped(it)) },
            wrong = state.error?.let(words::error),
            enabled = !state.sending,
        )
        Explanation(words[Word.MOVE_DIGITS_ONCE])
        Notice(words[Word.MOVE_DIGITS_DOUBT], Tone.Warn, spoken = false)
    }
}

@Composable
private fun MovingPage(state: MoveOldState.Moving, words: Words, on: (MoveOldEvent) -> Unit) {
    Frame(
        words, on,
        foot = {
            if (state.error != null) MainButton(words[Word.TRY_AGAIN], Signs.again) { on(MoveOldEvent.AgainPressed) }
            OtherButton(words[Word.MOVE_MOVING_STOP]) { on(MoveOldEvent.CancelPressed) }
        },
    ) {
        Heading(words.text(Word.MOVE_MOVING_OLD, "phone" to words.phone(state.move.otherPhone)))
        MoveProgress(state.move, words)
        Trouble(state.error?.let(words::error))
        MoveRows(state.move, words)
        Explanation(words[Word.MOVE_MOVING_STAY])
    }
}

@Composable
private fun EndedPage(state: MoveOldState.Ended, words: Words, on: (MoveOldEvent) -> Unit) {
    val move = state.move
    Page(
        words[Word.MOVE_TITLE],
        foot = { MainButton(words[Word.DONE]) { on(MoveOldEvent.ClosePressed) } },
    ) {
        val look = endLook(move, words)
        Outcome(look.sign, look.tone, look.heading, look.text)
        Trouble(state.error?.let(words::error))
        MoveRows(move, words)
        val deleted = state.deleted
        if (deleted != null) {
            Notice(words.count(Plural.MOVE_ENDED_DELETED, deleted), Tone.Good)
        } else if (state.canDelete || state.deleting) {
            NodCard {
                Column(Modifier.padding(Gap.l), verticalArrangement = Arrangement.spacedBy(Gap.m)) {
                    Heading(words.count(Plural.MOVE_ENDED_CODES, move.codes), style = Nod.type.titleMedium)
                    Text(words[Word.MOVE_ENDED_CODES_TEXT], style = Nod.type.bodyMedium)
                    OtherButton(words[Word.MOVE_ENDED_CODES_DELETE], Signs.bin, enabled = state.canDelete, danger = true) {
                        on(MoveOldEvent.DeleteCodesPressed)
                    }
                }
            }
        }
    }
}

@Composable
private fun FailedPage(error: PhoneError, words: Words, on: (MoveOldEvent) -> Unit) {
    Page(
        words[Word.MOVE_TITLE],
        foot = {
            MainButton(words[Word.MOVE_FAILED_AGAIN_OLD], Signs.again) { on(MoveOldEvent.AgainPressed) }
            QuietButton(words[Word.CLOSE]) { on(MoveOldEvent.ClosePressed) }
        },
    ) {
        val text = when (error) {
            PhoneError.Expired, PhoneError.UsedUp -> words[Word.ERROR_EXPIRED]
            else -> words.error(error)
        }
        Outcome(Signs.alert, Tone.Bad, words[Word.MOVE_FAILED_HEADING], text)
    }
}
