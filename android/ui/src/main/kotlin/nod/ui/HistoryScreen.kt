// Past challenges, newest first, day by day.
package nod.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.Role
import nod.logic.HistoryEntry
import nod.logic.history.HistoryEvent
import nod.logic.history.HistoryState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Busy
import nod.ui.components.Empty
import nod.ui.components.Fact
import nod.ui.components.FactRows
import nod.ui.components.ListPage
import nod.ui.components.NameAnd
import nod.ui.components.NodCard
import nod.ui.components.RowLine
import nod.ui.components.Section
import nod.ui.components.SignCircle
import nod.ui.components.Trouble
import nod.ui.components.largeText
import nod.ui.components.rowGap
import nod.ui.components.rowSides
import nod.ui.components.sign
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.Sign
import nod.ui.theme.Signs

@Composable
fun HistoryScreen(state: HistoryState, words: Words, on: (HistoryEvent) -> Unit) {
    ListPage(words[Word.HISTORY_TITLE], Back(words[Word.BACK]) { on(HistoryEvent.BackPressed) }) {
        item(key = "above") {
            Trouble(state.error?.let(words::error))
            if (state.loading) Busy(words[Word.LOADING])
            if (!state.loading && state.error == null && state.entries.isEmpty()) Empty(Signs.clock, words[Word.HISTORY_EMPTY])
        }
        for ((day, entries) in state.entries.groupBy { words.dayFrom(it.at, state.now) }) {
            item(key = day) { Section(day, Modifier.padding(bottom = Gap.s)) }
            items(entries, key = { it.id }) { entry ->
                Entry(entry, entry.id == state.expanded, words) { on(HistoryEvent.EntryPressed(entry.id)) }
            }
        }
    }
}

@Composable
private fun Entry(entry: HistoryEntry, open: Boolean, words: Words, press: () -> Unit) {
    val look = words.end(entry.end, entry.serviceName)
    NodCard(Modifier.padding(bottom = Gap.s)) {
        Row(
            Modifier
                .clickable(onClickLabel = words[if (open) Word.HISTORY_LESS else Word.HISTORY_MORE], role = Role.Button, onClick = press)
                .fillMaxWidth()
                .padding(horizontal = rowSides, vertical = Gap.m),
            horizontalArrangement = Arrangement.spacedBy(rowGap),
            verticalAlignment = Alignment.CenterVertically,
        ) {
            if (!largeText) SignCircle(look.sign, look.tone)
            Column(Modifier.weight(1f)) {
                NameAnd(entry.serviceName, entry.label)
                Text(look.heading, color = look.tone.sign, style = Nod.type.labelMedium)
                val place = entry.context.place ?: words[Word.HISTORY_NO_PLACE]
                Text("${words.time(entry.at)} · ${isolated(place)}", color = Nod.colours.muted, style = Nod.type.bodySmall)
            }
            Sign(if (open) Signs.fold else Signs.unfold, tint = Nod.colours.muted)
        }
        if (open) {
            RowLine()
            Text(look.text, Modifier.padding(horizontal = Gap.l, vertical = Gap.m), style = Nod.type.bodyMedium)
            val facts = facts(entry, words)
            if (facts.isNotEmpty()) RowLine()
            FactRows(facts)
        }
    }
}

private fun facts(entry: HistoryEntry, words: Words): List<Fact> = with(entry.context) {
    listOfNotNull(
        application?.let { Fact(Signs.app, words[Word.CHALLENGE_APPLICATION], it) },
        domain?.let { Fact(Signs.globe, words[Word.CHALLENGE_SITE], it) },
        address?.let { Fact(Signs.address, words[Word.CHALLENGE_ADDRESS], it) },
        device?.let { Fact(Signs.screen, words[Word.CHALLENGE_DEVICE], it) },
        detail?.let { Fact(Signs.note, words[Word.CHALLENGE_DETAIL], it) },
    )
}
