// Long names: where domains, addresses of mail and the like may go on in the next line.
package nod.ui.components

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.layout.IntrinsicMeasurable
import androidx.compose.ui.layout.IntrinsicMeasureScope
import androidx.compose.ui.layout.Layout
import androidx.compose.ui.layout.Measurable
import androidx.compose.ui.layout.MeasurePolicy
import androidx.compose.ui.layout.MeasureResult
import androidx.compose.ui.layout.MeasureScope
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
        OneLineOrTwo,
    )
}

private object OneLineOrTwo : MeasurePolicy {
    override fun MeasureScope.measure(measurables: List<Measurable>, constraints: Constraints): MeasureResult {
        val space = Gap.s.roundToPx()
        val room = Constraints(maxWidth = constraints.maxWidth)
        val wanted = measurables.sumOf { it.maxIntrinsicWidth(Constraints.Infinity) } + space * (measurables.size - 1)
        val oneLine = wanted <= constraints.maxWidth
        val placed = measurables.map { it.measure(room) }
        val height = (if (oneLine) placed.maxOfOrNull { it.height } else placed.sumOf { it.height }) ?: 0
        val width = (if (oneLine) wanted else placed.maxOfOrNull { it.width } ?: 0).coerceIn(constraints.minWidth, constraints.maxWidth)
        return layout(width, height) {
            var x = 0
            var y = 0
            for (part in placed) {
                part.placeRelative(x, if (oneLine) (height - part.height) / 2 else y)
                if (oneLine) x += part.width + space else y += part.height
            }
        }
    }

    override fun IntrinsicMeasureScope.minIntrinsicWidth(measurables: List<IntrinsicMeasurable>, height: Int): Int =
        measurables.maxOfOrNull { it.minIntrinsicWidth(height) } ?: 0
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
