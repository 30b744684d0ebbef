// The colours of Nod, light and dark: the same as on its web pages.
package nod.ui.theme

import androidx.compose.material3.ColorScheme
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Immutable
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.graphics.Color

/** What each colour is for. A soft colour is a ground; the colour of the same name is read on it. */
@Immutable
data class NodColours(
    val dark: Boolean,
    val page: Color,
    val surface: Color,
    val sunken: Color,
    val text: Color,
    val muted: Color,
    /** Between rows and around cards: decoration, never the only sign of anything. */
    val line: Color,
    /** Around what can be pressed or typed into. */
    val fieldLine: Color,
    val accent: Color,
    val onAccent: Color,
    val accentSoft: Color,
    val good: Color,
    val goodSoft: Color,
    val bad: Color,
    val onBad: Color,
    val badSoft: Color,
    val warn: Color,
    val warnSoft: Color,
    /** A button that cannot be pressed now. */
    val off: Color,
    val onOff: Color,
)

internal val LightColours = NodColours(
    dark = false,
    page = Color(0xFFF4F6F7),
    surface = Color(0xFFFFFFFF),
    sunken = Color(0xFFEEF1F3),
    text = Color(0xFF151A20),
    muted = Color(0xFF525C68),
    line = Color(0xFFDCE1E6),
    fieldLine = Color(0xFF76818E),
    accent = Color(0xFF2F45C5),
    onAccent = Color(0xFFFFFFFF),
    accentSoft = Color(0xFFE9ECFB),
    good = Color(0xFF0F6B3F),
    goodSoft = Color(0xFFE2F3E9),
    bad = Color(0xFFAE231C),
    onBad = Color(0xFFFFFFFF),
    badSoft = Color(0xFFFBE9E7),
    warn = Color(0xFF7D4E00),
    warnSoft = Color(0xFFFDF1DA),
    off = Color(0xFFDEE2EA),
    onOff = Color(0xFF525C68),
)

internal val DarkColours = NodColours(
    dark = true,
    page = Color(0xFF0E1216),
    surface = Color(0xFF171C22),
    sunken = Color(0xFF1F262E),
    text = Color(0xFFECEFF3),
    muted = Color(0xFFA7B1BD),
    line = Color(0xFF2B343E),
    fieldLine = Color(0xFF76828F),
    accent = Color(0xFFAAB6FF),
    onAccent = Color(0xFF0E1442),
    accentSoft = Color(0xFF232B52),
    good = Color(0xFF74D69B),
    goodSoft = Color(0xFF163524),
    bad = Color(0xFFFF9D94),
    onBad = Color(0xFF43090A),
    badSoft = Color(0xFF421C1A),
    warn = Color(0xFFF3C268),
    warnSoft = Color(0xFF3A2B0E),
    off = Color(0xFF2A3139),
    onOff = Color(0xFFA7B1BD),
)

/** The same colours by the names that Material's own components look up. */
internal fun NodColours.material(): ColorScheme {
    val base = if (dark) darkColorScheme() else lightColorScheme()
    return base.copy(
        primary = accent,
        onPrimary = onAccent,
        primaryContainer = accentSoft,
        onPrimaryContainer = accent,
        secondary = accent,
        onSecondary = onAccent,
        secondaryContainer = accentSoft,
        onSecondaryContainer = accent,
        tertiary = good,
        onTertiary = surface,
        tertiaryContainer = goodSoft,
        onTertiaryContainer = good,
        background = page,
        onBackground = text,
        surface = surface,
        onSurface = text,
        surfaceVariant = sunken,
        onSurfaceVariant = muted,
        surfaceTint = surface,
        error = bad,
        onError = onBad,
        errorContainer = badSoft,
        onErrorContainer = bad,
        outline = fieldLine,
        outlineVariant = line,
    )
}

/** The pairs that are read on each other: text needs a contrast of 4.5, signs and the borders of fields need 3. */
object ContrastPairs {
    fun text(colours: NodColours): List<Pair<String, Pair<Color, Color>>> = with(colours) {
        listOf(
            "text on page" to (text to page),
            "text on surface" to (text to surface),
            "text on sunken" to (text to sunken),
            "text on soft accent" to (text to accentSoft),
            "text on soft good" to (text to goodSoft),
            "text on soft bad" to (text to badSoft),
            "text on soft warning" to (text to warnSoft),
            "muted on page" to (muted to page),
            "muted on surface" to (muted to surface),
            "muted on sunken" to (muted to sunken),
            "accent on page" to (accent to page),
            "accent on surface" to (accent to surface),
            "accent on soft accent" to (accent to accentSoft),
            "on accent" to (onAccent to accent),
            "good on page" to (good to page),
            "good on surface" to (good to surface),
            "good on soft good" to (good to goodSoft),
            "bad on page" to (bad to page),
            "bad on surface" to (bad to surface),
            "bad on soft bad" to (bad to badSoft),
            "bad on sunken" to (bad to sunken),
            "on bad" to (onBad to bad),
            "warning on page" to (warn to page),
            "warning on surface" to (warn to surface),
            "warning on soft warning" to (warn to warnSoft),
            "on a button that is off" to (onOff to off),
        )
    }

    fun signs(colours: NodColours): List<Pair<String, Pair<Color, Color>>> = with(colours) {
        listOf(
            "field line on page" to (fieldLine to page),
            "field line on surface" to (fieldLine to surface),
            "accent button on page" to (accent to page),
            "accent button on surface" to (accent to surface),
            "accent ring on line" to (accent to line),
            "bad ring on line" to (bad to line),
            "accent switch on sunken" to (accent to sunken),
            "muted sign on page" to (muted to page),
        )
    }
}

val LocalNodColours = staticCompositionLocalOf { LightColours }
