// Long names: where domains, addresses of mail and the like may go on in the next line.
package nod.ui.components

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.layout.Layout
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.unit.Constraints
import nod.ui.theme.Gap
import nod.ui.theme.Nod

private val JOINTS = Regex("(?<=[.@:/_])(?=[^.@:/_\\s])")

/** `text` with invisible places to break after dots and the like; without one, a line would end anywhere. */
fun breakable(text: String): String = JOINTS.replace(text, "\u200B")

/** A service or issuer and, less strong, whose account it is: on one line where both fit, else on two. */
@Composable
fun NameAnd(name: String, account: String, modifier: Modifier = Modifier, style: TextStyle = Nod.type.titleSmall) {
    val parts = listOf(name, account).filter { it.isNotEmpty() }
    Layout(
        {
            parts.firstOrNull()?.let { Text(breakable(it), style = style) }
            parts.getOrNull(1)?.let { Text(breakable(it), color = Nod.colours.muted, style = Nod.type.bodySmall) }
        },
        modifier,
    ) { measurables, constraints ->
        val space = Gap.s.roundToPx()
        val placed = measurables.map { it.measure(Constraints(maxWidth = constraints.maxWidth)) }
        val wide = placed.sumOf { it.width } + space * (placed.size - 1).coerceAtLeast(0)
        val oneLine = measurables.all { it.maxIntrinsicWidth(Constraints.Infinity) <= constraints.maxWidth } && wide <= constraints.maxWidth
        val height = if (oneLine) placed.maxOfOrNull { it.height } ?: 0 else placed.sumOf { it.height }
        val width = (if (oneLine) wide else placed.maxOfOrNull { it.width } ?: 0).coerceIn(constraints.minWidth, constraints.maxWidth)
        layout(width, height) {
            var x = 0
            var y = 0
            for (part in placed) {
                part.placeRelative(x, if (oneLine) (height - part.height) / 2 else y)
                if (oneLine) x += part.width + space else y += part.height
            }
        }
    }
}

/**
 * A centred text whose lines are about equally long, so that no word is left alone on the last one. Newer phones do that by
 * themselves for headings; this is the same everywhere.
 */
@Composable
internal fun Balanced(modifier: Modifier = Modifier, text: @Composable () -> Unit) {
    Layout(text, modifier) { measurables, constraints ->
        val only = measurables.single()
        val full = constraints.maxWidth
        val height = only.minIntrinsicHeight(full)
        var low = minOf(only.minIntrinsicWidth(Constraints.Infinity), full)
        var high = full
        while (high - low > BALANCED_TO) {
            val middle = (low + high) / 2
            if (only.minIntrinsicHeight(middle) <= height) high = middle else low = middle + 1
        }
        val placed = only.measure(Constraints(maxWidth = high))
        layout(placed.width.coerceAtLeast(constraints.minWidth), placed.height) {
            placed.place((placed.width.coerceAtLeast(constraints.minWidth) - placed.width) / 2, 0)
        }
    }
}

private const val BALANCED_TO = 4
