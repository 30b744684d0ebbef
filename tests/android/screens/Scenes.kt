// Draws a screen at the size of a small phone, or as long as it is, and gives the picture and what a screen reader sees.
package nod.screens

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.ui.ImageComposeScene
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.platform.Font
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.dp
import java.io.File
import nod.logic.words.Language
import nod.logic.words.Words
import nod.ui.theme.Nod
import nod.ui.theme.NodTheme
import org.jetbrains.skia.Image

/** One way to draw every sample. */
data class Variant(val language: Language, val dark: Boolean, val scale: Float, val width: Int = 360, val height: Int = 800) {
    val name = "${language.tag}-${if (dark) "dark" else "light"}-${(scale * 100).toInt()}" + if (width == 360) "" else "-${width}x$height"
}

/** Pixels for one dp. */
const val DENSITY = 2f

/** The bars of the phone above and below, in dp. */
private const val STATUS = 24
private const val GESTURES = 24

private const val FRAME_NS = 16_000_000L
private const val SETTLED_NS = 650_000_000L
private const val LONGEST = 12_000

class Scenes(fonts: File) {
    private val family = FontFamily(
        Font(fonts.resolve("Roboto-Regular.ttf"), FontWeight.Normal),
        Font(fonts.resolve("Roboto-Medium.ttf"), FontWeight.Medium),
        Font(fonts.resolve("Roboto-Bold.ttf"), FontWeight.Bold),
    )

    /** Draws at `height` dp. */
    fun <T> draw(sample: Sample, variant: Variant, height: Int, take: (Image, List<SemanticsNode>) -> T): T {
        val words = Words.of(variant.language)
        val scene = ImageComposeScene((variant.width * DENSITY).toInt(), (height * DENSITY).toInt(), Density(DENSITY, variant.scale)) {
            NodTheme(variant.dark, family) {
                Box(Modifier.fillMaxSize().background(Nod.colours.page).padding(top = STATUS.dp, bottom = GESTURES.dp)) { sample.draw(words) }
            }
        }
        try {
            var image = scene.render(0)
            if (scene.hasInvalidations()) {
                scene.render(FRAME_NS)
                image = scene.render(SETTLED_NS)
            }
            return take(image, scene.roots.map { it.semanticsOwner.unmergedRootSemanticsNode })
        } finally {
            scene.close()
        }
    }

    /** Draws as high, in dp, as nothing has to scroll then; not less than the phone. */
    fun <T> drawAll(sample: Sample, variant: Variant, take: (Image, List<SemanticsNode>, Int) -> T): T {
        var height = variant.height
        while (true) {
            val taken = draw(sample, variant, height) { image, roots ->
                val hidden = roots.maxOf(::scrolls)
                if (hidden <= 0f || height > LONGEST) return@draw Taken(take(image, roots, height))
                height += (hidden / DENSITY).toInt() + 1
                null
            }
            if (taken != null) return taken.what
        }
    }

    private class Taken<T>(val what: T)
}

/** How many pixels are hidden below. */
private fun scrolls(node: SemanticsNode): Float {
    val own = node.config.getOrNull(SemanticsProperties.VerticalScrollAxisRange)?.maxValue?.invoke() ?: 0f
    return maxOf(own, node.children.maxOfOrNull(::scrolls) ?: 0f)
}

/** The node and everything below it. */
fun SemanticsNode.all(): List<SemanticsNode> = listOf(this) + children.flatMap { it.all() }
