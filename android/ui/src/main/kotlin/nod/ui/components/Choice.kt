// One of a few: a row of values of which one is chosen, and a list of rows of which one is.
package nod.ui.components

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Surface
import androidx.compose.material3.Switch
import androidx.compose.material3.SwitchDefaults
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.unit.dp
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.Sign
import nod.ui.theme.Signs
import nod.ui.theme.TouchTarget

/** A few short values side by side. The chosen one has a check mark, too. */
@Composable
fun <T> ShortChoice(name: String, values: List<T>, chosen: T, shown: (T) -> String, enabled: Boolean = true, onChoose: (T) -> Unit) {
    Column(Modifier.fillMaxWidth(), verticalArrangement = Arrangement.spacedBy(6.dp)) {
        Text(name, style = Nod.type.titleSmall)
        Shares(Modifier.fillMaxWidth().selectableGroup(), gap = Gap.s) {
            for (value in values) {
                val on = value == chosen
                Surface(
                    Modifier
                        .heightIn(min = TouchTarget)
                        .selectable(selected = on, enabled = enabled, role = Role.RadioButton) { onChoose(value) },
                    shape = MaterialTheme.shapes.medium,
                    color = if (on) Nod.colours.accentSoft else Nod.colours.surface,
                    contentColor = if (on) Nod.colours.accent else Nod.colours.text,
                    border = BorderStroke(if (on) 2.dp else 1.dp, if (on) Nod.colours.accent else Nod.colours.fieldLine),
                ) {
                    Row(
                        Modifier.padding(horizontal = Gap.m, vertical = Gap.s),
                        horizontalArrangement = Arrangement.spacedBy(Gap.s, Alignment.CenterHorizontally),
                        verticalAlignment = Alignment.CenterVertically,
                    ) {
                        if (on) Sign(Signs.check, size = 18.dp)
                        Text(shown(value), style = Nod.type.labelLarge)
                    }
                }
            }
        }
    }
}

/** One row of a card of which one is chosen. */
@Composable
fun RadioRow(text: String, chosen: Boolean, onChoose: () -> Unit) {
    Row(
        Modifier.fillMaxWidth().heightIn(min = 52.dp).selectable(selected = chosen, role = Role.RadioButton, onClick = onChoose)
            .padding(horizontal = Gap.l, vertical = Gap.s),
        horizontalArrangement = Arrangement.spacedBy(14.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        RadioButton(selected = chosen, onClick = null)
        Text(text, Modifier.weight(1f), style = Nod.type.bodyLarge)
    }
}

/** One row of a card that is on or off. */
@Composable
fun SwitchRow(name: String, text: String, on: Boolean, enabled: Boolean, front: @Composable () -> Unit, onChange: (Boolean) -> Unit) {
    Row(
        Modifier.fillMaxWidth().heightIn(min = 64.dp).toggleable(value = on, enabled = enabled, role = Role.Switch, onValueChange = onChange)
            .padding(horizontal = rowSides, vertical = Gap.m),
        horizontalArrangement = Arrangement.spacedBy(rowGap),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        front()
        Column(Modifier.weight(1f)) {
            Text(name, style = Nod.type.labelLarge)
            Text(text, color = Nod.colours.muted, style = Nod.type.bodySmall)
        }
        Switch(
            checked = on,
            onCheckedChange = null,
            modifier = Modifier.clearAndSetSemantics {},
            enabled = enabled,
            colors = SwitchDefaults.colors(
                uncheckedThumbColor = Nod.colours.fieldLine,
                uncheckedTrackColor = Nod.colours.surface,
                uncheckedBorderColor = Nod.colours.fieldLine,
            ),
        )
    }
}
