// Things side by side where they fit, and under each other where they do not: with large text, or on a narrow phone.
package nod.ui.components

import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.layout.Layout
import androidx.compose.ui.unit.Constraints
import androidx.compose.ui.unit.Dp

/** Equal shares of the whole width, as buttons have them, as long as nothing in a share has to wrap. */
@Composable
fun Shares(modifier: Modifier = Modifier, gap: Dp, content: @Composable () -> Unit) {
    Layout(content, modifier) { parts, constraints ->
        val space = gap.roundToPx()
        val share = (constraints.maxWidth - space * (parts.size - 1)) / parts.size.coerceAtLeast(1)
        val beside = parts.all { it.maxIntrinsicWidth(Constraints.Infinity) <= share }
        val width = if (beside) share else constraints.maxWidth
        val height = if (beside) parts.maxOfOrNull { it.minIntrinsicHeight(width) } ?: 0 else 0
        val placed = parts.map { it.measure(Constraints(minWidth = width, maxWidth = width, minHeight = height)) }
        val total = if (beside) placed.maxOfOrNull { it.height } ?: 0 else placed.sumOf { it.height } + space * (placed.size - 1)
        layout(constraints.maxWidth, total.coerceAtLeast(0)) {
            var x = 0
            var y = 0
            for (part in placed) {
                part.placeRelative(x, y)
                if (beside) x += share + space else y += part.height + space
            }
        }
    }
}

/** As wide as they are, on one line if they fit; under each other `centred` or not. */
@Composable
fun Groups(modifier: Modifier = Modifier, gap: Dp, centred: Boolean = true, content: @Composable () -> Unit) {
    Layout(content, modifier) { parts, constraints ->
        val space = gap.roundToPx()
        val placed = parts.map { it.measure(Constraints(maxWidth = constraints.maxWidth)) }
        val wide = placed.sumOf { it.width } + space * (placed.size - 1)
        val beside = wide <= constraints.maxWidth
        val width = (if (beside) wide else placed.maxOf { it.width }).coerceIn(constraints.minWidth, constraints.maxWidth)
        val height = if (beside) placed.maxOf { it.height } else placed.sumOf { it.height }
        layout(width, height) {
            var x = if (centred) (width - wide) / 2 else 0
            var y = 0
            for (part in placed) {
                if (beside) {
                    part.placeRelative(x, (height - part.height) / 2)
                    x += part.width + space
                } else {
                    part.placeRelative(if (centred) (width - part.width) / 2 else 0, y)
                    y += part.height
                }
            }
        }
    }
}

/** A text and what belongs to it: beside it where the text keeps enough of the width, else under it. */
@Composable
fun TextAnd(modifier: Modifier = Modifier, gap: Dp, text: @Composable () -> Unit, beside: @Composable () -> Unit) {
    val large = largeText
    Layout({ text(); beside() }, modifier) { parts, constraints ->
        val space = gap.roundToPx()
        val second = parts[1].measure(Constraints(maxWidth = constraints.maxWidth))
        val left = constraints.maxWidth - second.width - space
        val fits = if (large) {
            left * 4 >= constraints.maxWidth * 3 && parts[0].minIntrinsicWidth(Constraints.Infinity) <= left
        } else {
            left * 5 >= constraints.maxWidth * 2
        }
        val first = parts[0].measure(Constraints(maxWidth = if (fits) left else constraints.maxWidth))
        val height = if (fits) maxOf(first.height, second.height) else first.height + space + second.height
        layout(constraints.maxWidth, height) {
            first.placeRelative(0, if (fits) (height - first.height) / 2 else 0)
            if (fits) {
                second.placeRelative(constraints.maxWidth - second.width, (height - second.height) / 2)
            } else {
                second.placeRelative(0, first.height + space)
            }
        }
    }
}
