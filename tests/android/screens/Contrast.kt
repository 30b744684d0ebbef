// The contrast of colours that are read on each other, as WCAG 2.2 measures it.
package nod.screens

import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.luminance
import nod.ui.theme.ContrastPairs
import nod.ui.theme.nodColours

private const val TEXT = 4.5f
private const val SIGNS = 3f

private fun contrast(one: Color, other: Color): Float {
    val (dark, light) = listOf(one.luminance(), other.luminance()).sorted()
    return (light + 0.05f) / (dark + 0.05f)
}

/** The pairs of a theme that are too close to each other. */
fun tooClose(dark: Boolean): List<String> {
    val colours = nodColours(dark)
    fun below(least: Float, pairs: List<Pair<String, Pair<Color, Color>>>) = pairs.mapNotNull { (name, pair) ->
        contrast(pair.first, pair.second).takeIf { it < least }?.let { "$name: %.2f, and %.1f is needed".format(it, least) }
    }
    return below(TEXT, ContrastPairs.text(colours)) + below(SIGNS, ContrastPairs.signs(colours))
}
