// What both phones show of a move: how each account and the one-time codes stand.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import nod.logic.Move
import nod.logic.MoveSide
import nod.logic.MovingAccount
import nod.logic.MovingAccountState
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Initial
import nod.ui.components.NameAnd
import nod.ui.components.NodCard
import nod.ui.components.Progress
import nod.ui.components.RowLine
import nod.ui.components.SignSquare
import nod.ui.components.Tone
import nod.ui.components.Wheel
import nod.ui.components.rowGap
import nod.ui.components.rowSides
import nod.ui.components.sign
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.Sign
import nod.ui.theme.Signs

/** What the other phone calls itself, or that it is another one. */
internal fun Words.phone(name: String?) = name?.takeIf { it.isNotBlank() } ?: text(Word.MOVE_ANOTHER)

/** A bar, and in words how many accounts have moved. */
@Composable
internal fun MoveProgress(move: Move, words: Words) {
    val count = move.accounts.size
    if (count == 0) return
    Progress(
        move.moved.toFloat() / count,
        words.count(Plural.MOVE_MOVING_COUNT, count, "moved" to move.moved),
        Modifier.semantics { liveRegion = LiveRegionMode.Polite },
    )
}

/** Account by account, and the one-time codes. */
@Composable
internal fun MoveRows(move: Move, words: Words) {
    NodCard {
        move.accounts.forEachIndexed { index, account ->
            if (index > 0) RowLine()
            val look = look(account, move.side, words)
            MoveRow({ Initial(account.serviceName) }, account.serviceName, account.label, look)
        }
        if (move.codes > 0) {
            if (move.accounts.isNotEmpty()) RowLine()
            MoveRow({ SignSquare(Signs.keypad) }, words.count(Plural.MOVE_CODES, move.codes), "", codesLook(move, words))
        }
    }
}

/** How something stands; without a sign it is still under way. */
private class Look(val text: String, val tone: Tone, val sign: ImageVector?)

private fun look(account: MovingAccount, side: MoveSide, words: Words): Look {
    val old = side == MoveSide.Old
    fun text(word: Word) = words.text(word, "service" to account.serviceName)
    return when (account.state) {
        MovingAccountState.Announced -> Look(text(if (old) Word.MOVE_STATE_ANNOUNCED_OLD else Word.MOVE_STATE_ANNOUNCED_NEW), Tone.Neutral, null)
        MovingAccountState.Authorised -> Look(text(if (old) Word.MOVE_STATE_AUTHORISED_OLD else Word.MOVE_STATE_AUTHORISED_NEW), Tone.Neutral, null)
        MovingAccountState.Moved -> Look(text(if (old) Word.MOVE_STATE_MOVED_OLD else Word.MOVE_STATE_MOVED_NEW), Tone.Good, Signs.check)
        MovingAccountState.Refused -> Look(text(Word.MOVE_STATE_REFUSED), Tone.Bad, Signs.alert)
        MovingAccountState.Impossible -> Look(text(if (old) Word.MOVE_STATE_IMPOSSIBLE_OLD else Word.MOVE_STATE_IMPOSSIBLE_NEW), Tone.Warn, Signs.info)
    }
}

private fun codesLook(move: Move, words: Words): Look = when {
    !move.codesArrived && move.stage.over -> Look(words[Word.MOVE_ENDED_NONE], Tone.Warn, Signs.info)
    !move.codesArrived -> Look(words[Word.MOVE_CODES_UNDER_WAY], Tone.Neutral, null)
    move.side == MoveSide.Old -> Look(words[Word.MOVE_CODES_ARRIVED_OLD], Tone.Good, Signs.check)
    else -> Look(words[Word.MOVE_CODES_ARRIVED_NEW], Tone.Good, Signs.check)
}

@Composable
private fun MoveRow(front: @Composable () -> Unit, name: String, account: String, look: Look) {
    Row(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}.heightIn(min = 64.dp).padding(horizontal = rowSides, vertical = Gap.m),
        horizontalArrangement = Arrangement.spacedBy(rowGap),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        front()
        Column(Modifier.weight(1f)) {
            NameAnd(name, account, style = Nod.type.labelLarge)
            Text(look.text, color = look.tone.sign, style = Nod.type.bodySmall)
        }
        if (look.sign == null) Wheel(22.dp) else Sign(look.sign, size = 22.dp, tint = look.tone.sign)
    }
}

/** What came of a move, as a whole. */
internal fun endLook(move: Move, words: Words): EndLook {
    val phone = words.phone(move.otherPhone)
    val old = move.side == MoveSide.Old
    val count = move.accounts.size
    val all = move.moved == count && (move.codes == 0 || move.codesArrived)
    val some = move.moved > 0 || (move.codes > 0 && move.codesArrived)
    return when {
        !some -> EndLook(Signs.info, Tone.Warn, words[Word.MOVE_ENDED_NONE], words[Word.MOVE_ENDED_REST])
        all && count == 0 -> EndLook(Signs.check, Tone.Good, words.text(if (old) Word.MOVE_ENDED_OLD else Word.MOVE_ENDED_NEW, "phone" to phone), "")
        all -> EndLook(
            Signs.check,
            Tone.Good,
            words.text(if (old) Word.MOVE_ENDED_OLD else Word.MOVE_ENDED_NEW, "phone" to phone),
            words.text(if (old) Word.MOVE_ENDED_TEXT_OLD else Word.MOVE_ENDED_TEXT_NEW, "phone" to phone),
        )
        else -> EndLook(Signs.alert, Tone.Warn, words.text(Word.MOVE_ENDED_PART, "moved" to move.moved, "count" to count), words[Word.MOVE_ENDED_REST])
    }
}
