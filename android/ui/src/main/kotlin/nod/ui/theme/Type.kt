// The sizes of text, of gaps and of corners.
package nod.ui.theme

import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Shapes
import androidx.compose.material3.Typography
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.LineBreak
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.em
import androidx.compose.ui.unit.sp

/** The gaps between things: one scale of four. */
object Gap {
    val xs = 4.dp
    val s = 8.dp
    val m = 12.dp
    val l = 16.dp
    val xl = 24.dp
    val xxl = 32.dp

    /** From the edge of the window to what stands in it. */
    val page = 20.dp
}

/** The smallest thing that a finger is sure to hit. */
val TouchTarget = 48.dp

/** Wider lines are tiring to read, so a page on a tablet or a phone on its side grows no wider. */
val PageWidth = 560.dp

internal val NodShapes = Shapes(
    extraSmall = RoundedCornerShape(8.dp),
    small = RoundedCornerShape(8.dp),
    medium = RoundedCornerShape(12.dp),
    large = RoundedCornerShape(20.dp),
    extraLarge = RoundedCornerShape(24.dp),
)

/** Digits of equal width, so that nothing moves while they change. */
const val TABULAR = "tnum"

internal fun nodType(family: FontFamily): Typography {
    val body = TextStyle(fontFamily = family, lineBreak = LineBreak.Paragraph)
    val head = TextStyle(fontFamily = family, lineBreak = LineBreak.Heading, fontWeight = FontWeight.SemiBold)
    return Typography(
        displayLarge = head.copy(fontSize = 48.sp, lineHeight = 56.sp, fontWeight = FontWeight.Bold, fontFeatureSettings = TABULAR),
        displayMedium = head.copy(fontSize = 28.sp, lineHeight = 36.sp, fontFeatureSettings = TABULAR, letterSpacing = 0.03.em),
        displaySmall = head.copy(fontSize = 28.sp, lineHeight = 34.sp, letterSpacing = (-0.01).em),
        headlineLarge = head.copy(fontSize = 28.sp, lineHeight = 34.sp, letterSpacing = (-0.01).em),
        headlineMedium = head.copy(fontSize = 24.sp, lineHeight = 30.sp, letterSpacing = (-0.01).em),
        headlineSmall = head.copy(fontSize = 22.sp, lineHeight = 28.sp, letterSpacing = (-0.01).em),
        titleLarge = head.copy(fontSize = 20.sp, lineHeight = 26.sp),
        titleMedium = head.copy(fontSize = 17.sp, lineHeight = 24.sp),
        titleSmall = head.copy(fontSize = 15.sp, lineHeight = 20.sp),
        bodyLarge = body.copy(fontSize = 16.sp, lineHeight = 24.sp),
        bodyMedium = body.copy(fontSize = 15.sp, lineHeight = 22.sp),
        bodySmall = body.copy(fontSize = 14.sp, lineHeight = 20.sp),
        labelLarge = head.copy(fontSize = 16.sp, lineHeight = 22.sp),
        labelMedium = head.copy(fontSize = 14.sp, lineHeight = 20.sp),
        labelSmall = head.copy(fontSize = 13.sp, lineHeight = 18.sp),
    )
}
