// The ring that shows how much time is left, with the seconds in it.
package nod.ui.components

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.drawscope.Stroke
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import nod.ui.theme.Nod
import nod.ui.theme.TABULAR

/** From this many seconds on, the ring says that time runs out. */
const val SOON = 10

/**
 * `part` of the whole time is left (1 to 0), which is `seconds`. `label` says it in words. With large text the ring grows,
 * though less than text does.
 */
@Composable
fun Ring(seconds: Int, part: Float, label: String, size: Dp = 60.dp, soonAt: Int = SOON, modifier: Modifier = Modifier) {
    val scale = LocalDensity.current.fontScale.coerceIn(1f, MOST)
    val side = size * scale
    val colours = Nod.colours
    val colour = if (seconds <= soonAt) colours.bad else colours.accent
    Box(
        modifier.size(side).semantics(mergeDescendants = true) { contentDescription = label },
        contentAlignment = Alignment.Center,
    ) {
        val width = (side / 13).coerceAtLeast(3.dp)
        Canvas(Modifier.fillMaxSize()) {
            val stroke = width.toPx()
            val corner = Offset(stroke / 2, stroke / 2)
            val inner = Size(this.size.width - stroke, this.size.height - stroke)
            drawArc(colours.line, 0f, 360f, useCenter = false, topLeft = corner, size = inner, style = Stroke(stroke))
            val sweep = 360f * part.coerceIn(0f, 1f)
            if (sweep > 0f) {
                drawArc(colour, -90f, sweep, useCenter = false, topLeft = corner, size = inner, style = Stroke(stroke, cap = StrokeCap.Round))
            }
        }
        val text = if (seconds < 100) 0.31f else 0.25f
        Text(
            seconds.toString(),
            color = if (seconds <= soonAt) colours.bad else colours.text,
            style = Nod.type.labelLarge.copy(
                fontSize = unscaled(side.value * text),
                lineHeight = unscaled(side.value * text * 1.2f),
                fontFeatureSettings = TABULAR,
            ),
            textAlign = TextAlign.Center,
            softWrap = false,
        )
    }
}

private const val MOST = 1.5f
