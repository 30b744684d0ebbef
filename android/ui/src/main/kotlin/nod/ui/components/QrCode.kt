// A QR code from its modules, dark on white in both themes, since many cameras read nothing else.
package nod.ui.components

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.widthIn
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.role
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import kotlin.math.roundToInt
import nod.ui.theme.Nod

/** The modules of a QR code, without the white around them. */
class QrModules(val side: Int, private val dark: BooleanArray) {
    init {
        require(dark.size == side * side) { "a QR code is a square" }
    }

    /** Whether a module is dark. */
    fun isDark(x: Int, y: Int): Boolean = dark[y * side + x]
}

/** Makes the modules of a text. The app brings it, since it has the library. */
fun interface QrWriter {
    fun modules(text: String): QrModules
}

/** The QR code of `text`. */
@Composable
fun QrCode(text: String, writer: QrWriter, label: String, modifier: Modifier = Modifier) {
    val modules = remember(text, writer) { writer.modules(text) }
    Canvas(
        modifier
            .widthIn(max = 304.dp)
            .fillMaxWidth()
            .aspectRatio(1f)
            .background(Color.White, MaterialTheme.shapes.medium)
            .border(1.dp, Nod.colours.line, MaterialTheme.shapes.medium)
            .semantics {
                contentDescription = label
                role = Role.Image
            },
    ) {
        // Each module ends on a whole pixel; the four white ones around are what the standard asks for.
        val module = size.width / (modules.side + 2 * QUIET)
        fun edge(at: Int) = ((at + QUIET) * module).roundToInt().toFloat()
        for (y in 0 until modules.side) {
            var x = 0
            while (x < modules.side) {
                if (!modules.isDark(x, y)) {
                    x++
                    continue
                }
                val from = x
                while (x < modules.side && modules.isDark(x, y)) x++
                drawRect(Color.Black, Offset(edge(from), edge(y)), Size(edge(x) - edge(from), edge(y + 1) - edge(y)))
            }
        }
    }
}

private const val QUIET = 4
