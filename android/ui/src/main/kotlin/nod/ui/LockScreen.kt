// The app's own lock.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import nod.logic.lock.LockEvent
import nod.logic.lock.LockState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Balanced
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.Mark
import nod.ui.components.Page
import nod.ui.components.Trouble
import nod.ui.theme.Gap
import nod.ui.theme.Signs

@Composable
fun LockScreen(state: LockState, words: Words, on: (LockEvent) -> Unit) {
    Page(
        words[Word.LOCK_HEADING],
        bar = false,
        foot = {
            Trouble(if (state.refused) words[Word.LOCK_REFUSED] else null)
            MainButton(words[Word.LOCK_UNLOCK], Signs.lock, enabled = !state.asking) { on(LockEvent.UnlockPressed) }
        },
    ) {
        Column(
            Modifier.fillMaxWidth().padding(top = 120.dp),
            horizontalAlignment = Alignment.CenterHorizontally,
            verticalArrangement = Arrangement.spacedBy(Gap.xl),
        ) {
            Mark(88.dp)
            Balanced { Heading(words[Word.LOCK_HEADING], align = TextAlign.Center) }
        }
    }
}
