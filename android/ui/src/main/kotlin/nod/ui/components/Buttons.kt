// Buttons: one main one on a screen, others beside it, quiet ones, and signs.
package nod.ui.components

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.material3.Button
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.Sign
import nod.ui.theme.TouchTarget

/** What the screen is for. */
@Composable
fun MainButton(text: String, sign: ImageVector? = null, enabled: Boolean = true, danger: Boolean = false, modifier: Modifier = Modifier, onClick: () -> Unit) {
    val colours = Nod.colours
    Button(
        onClick = onClick,
        modifier = modifier.fillMaxWidth().heightIn(min = 52.dp),
        enabled = enabled,
        shape = MaterialTheme.shapes.medium,
        colors = ButtonDefaults.buttonColors(
            containerColor = if (danger) colours.bad else colours.accent,
            contentColor = if (danger) colours.onBad else colours.onAccent,
            disabledContainerColor = colours.off,
            disabledContentColor = colours.onOff,
        ),
        contentPadding = padding,
    ) { Label(text, sign) }
}

/** What can be done as well. */
@Composable
fun OtherButton(text: String, sign: ImageVector? = null, enabled: Boolean = true, danger: Boolean = false, modifier: Modifier = Modifier, onClick: () -> Unit) {
    val colours = Nod.colours
    OutlinedButton(
        onClick = onClick,
        modifier = modifier.fillMaxWidth().heightIn(min = 52.dp),
        enabled = enabled,
        shape = MaterialTheme.shapes.medium,
        colors = ButtonDefaults.outlinedButtonColors(
            containerColor = colours.surface,
            contentColor = if (danger) colours.bad else colours.text,
            disabledContainerColor = colours.page,
            disabledContentColor = colours.muted,
        ),
        border = BorderStroke(1.dp, if (enabled) colours.fieldLine else colours.line),
        contentPadding = padding,
    ) { Label(text, sign) }
}

/** What is seldom wanted. */
@Composable
fun QuietButton(text: String, sign: ImageVector? = null, enabled: Boolean = true, danger: Boolean = false, modifier: Modifier = Modifier.fillMaxWidth(), onClick: () -> Unit) {
    val colours = Nod.colours
    TextButton(
        onClick = onClick,
        modifier = modifier.heightIn(min = TouchTarget),
        enabled = enabled,
        shape = MaterialTheme.shapes.medium,
        colors = ButtonDefaults.textButtonColors(
            contentColor = if (danger) colours.bad else colours.accent,
            disabledContentColor = colours.muted,
        ),
        contentPadding = padding,
    ) { Label(text, sign) }
}

private val padding = PaddingValues(horizontal = 16.dp, vertical = 10.dp)

@Composable
private fun RowScope.Label(text: String, sign: ImageVector?) {
    if (sign != null && !largeText) {
        Sign(sign)
        Spacer(Modifier.width(Gap.s))
    }
    Text(text, Modifier.weight(1f, fill = false), style = Nod.type.labelLarge, textAlign = TextAlign.Center)
}

/** A sign that can be pressed. `label` is what it does. */
@Composable
fun SignButton(sign: ImageVector, label: String, modifier: Modifier = Modifier, enabled: Boolean = true, tint: Color = Nod.colours.text, onClick: () -> Unit) {
    IconButton(onClick = onClick, modifier = modifier.size(TouchTarget), enabled = enabled) {
        Sign(sign, size = 24.dp, label = label, tint = tint)
    }
}
