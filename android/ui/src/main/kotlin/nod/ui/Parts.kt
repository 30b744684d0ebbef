// What several screens show: a service with its verified domain, a name with what the user calls it.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.unit.dp
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Initial
import nod.ui.components.breakable
import nod.ui.theme.LineSign
import nod.ui.theme.Nod
import nod.ui.theme.Signs

/** A service: its initial, its name, its verified domain, and a line on the account. */
@Composable
internal fun ServiceHead(words: Words, name: String, domain: String?, line: String? = null, modifier: Modifier = Modifier, style: TextStyle = Nod.type.titleLarge) {
    Row(modifier, horizontalArrangement = Arrangement.spacedBy(14.dp), verticalAlignment = Alignment.CenterVertically) {
        Initial(name, 48.dp)
        Column(Modifier.weight(1f)) {
            Text(breakable(name), style = style)
            if (domain != null) VerifiedDomain(words, domain)
            if (line != null) Text(breakable(line), color = Nod.colours.muted, style = Nod.type.bodySmall)
        }
    }
}

/** A domain that the service has proven to be its own. */
@Composable
internal fun VerifiedDomain(words: Words, domain: String, modifier: Modifier = Modifier) {
    val label = "${words[Word.CHALLENGE_VERIFIED]}: $domain"
    Row(
        modifier.semantics(mergeDescendants = true) { contentDescription = label },
        horizontalArrangement = Arrangement.spacedBy(5.dp),
    ) {
        LineSign(Signs.shield, Nod.type.bodyMedium, Nod.colours.good, size = 18.dp)
        Text(breakable(domain), Modifier.weight(1f, fill = false), color = Nod.colours.good, style = Nod.type.bodyMedium)
    }
}
