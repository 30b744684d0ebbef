// What every screen stands in: colours, type and shapes.
package nod.ui.theme

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.LocalContentColor
import androidx.compose.material3.LocalTextStyle
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Typography
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.runtime.remember
import androidx.compose.ui.text.font.FontFamily

/** Wraps everything that Nod draws. `family` is the platform's own typeface unless a picture needs a certain one. */
@Composable
fun NodTheme(dark: Boolean = isSystemInDarkTheme(), family: FontFamily = FontFamily.Default, content: @Composable () -> Unit) {
    val colours = nodColours(dark)
    val type = remember(family) { nodType(family) }
    MaterialTheme(colorScheme = remember(dark) { colours.material() }, shapes = NodShapes, typography = type) {
        CompositionLocalProvider(
            LocalNodColours provides colours,
            LocalContentColor provides colours.text,
            LocalTextStyle provides type.bodyLarge,
            content = content,
        )
    }
}

/** The colours of one of the two themes. */
fun nodColours(dark: Boolean): NodColours = if (dark) DarkColours else LightColours

/** Short ways to what the theme holds. */
object Nod {
    val colours: NodColours
        @Composable @ReadOnlyComposable
        get() = LocalNodColours.current

    val type: Typography
        @Composable @ReadOnlyComposable
        get() = MaterialTheme.typography
}
