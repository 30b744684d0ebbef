// The first screen: what Nod does, and where to begin.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
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
import nod.logic.welcome.WelcomeEvent
import nod.logic.welcome.WelcomeState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Balanced
import nod.ui.components.Explanation
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.Mark
import nod.ui.components.Page
import nod.ui.components.QuietButton
import nod.ui.components.SignSquare
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.Signs

@Composable
fun WelcomeScreen(@Suppress("UNUSED_PARAMETER") state: WelcomeState, words: Words, on: (WelcomeEvent) -> Unit) {
    Page(
        words[Word.APP_NAME],
        bar = false,
        foot = {
            MainButton(words[Word.WELCOME_SCAN], Signs.scan) { on(WelcomeEvent.ScanPressed) }
            Text(
                words[Word.WELCOME_SCAN_HINT],
                Modifier.fillMaxWidth(),
                color = Nod.colours.muted,
                style = Nod.type.bodySmall,
                textAlign = TextAlign.Center,
            )
            Column {
                QuietButton(words[Word.WELCOME_PASTE]) { on(WelcomeEvent.PastePressed) }
                QuietButton(words[Word.WELCOME_RESTORE]) { on(WelcomeEvent.RestorePressed) }
            }
        },
    ) {
        Column(
            Modifier.fillMaxWidth().padding(top = 40.dp, bottom = Gap.l),
            horizontalAlignment = Alignment.CenterHorizontally,
            verticalArrangement = Arrangement.spacedBy(Gap.m),
        ) {
            Mark(80.dp)
            Balanced(Modifier.padding(top = Gap.m)) {
                Heading(words[Word.WELCOME_HEADING], style = Nod.type.headlineLarge, align = TextAlign.Center)
            }
            Balanced { Explanation(words[Word.WELCOME_TEXT], align = TextAlign.Center) }
        }
        Point(Signs.place, words[Word.WELCOME_POINT_SEE])
        Point(Signs.shield, words[Word.WELCOME_POINT_DECIDE])
        Point(Signs.key, words[Word.WELCOME_POINT_KEYS])
    }
}

@Composable
private fun Point(sign: ImageVector, text: String) {
    Row(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) {},
        horizontalArrangement = Arrangement.spacedBy(Gap.l),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        SignSquare(sign)
        Text(text, Modifier.weight(1f), style = Nod.type.bodyLarge)
    }
}
