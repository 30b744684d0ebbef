// Notices, and how something stands: each with a sign and words, never by colour alone.
package nod.ui.components

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import nod.ui.theme.Gap
import nod.ui.theme.LineSign
import nod.ui.theme.Nod
import nod.ui.theme.NodColours
import nod.ui.theme.Sign
import nod.ui.theme.Signs

/** How good or bad what is said is. */
enum class Tone { Neutral, Accent, Good, Warn, Bad }

internal val Tone.ground: Color @Composable get() = Nod.colours.ground(this)
internal val Tone.sign: Color @Composable get() = Nod.colours.sign(this)

private fun NodColours.ground(tone: Tone) = when (tone) {
    Tone.Neutral -> sunken
    Tone.Accent -> accentSoft
    Tone.Good -> goodSoft
    Tone.Warn -> warnSoft
    Tone.Bad -> badSoft
}

private fun NodColours.sign(tone: Tone) = when (tone) {
    Tone.Neutral -> muted
    Tone.Accent -> accent
    Tone.Good -> good
    Tone.Warn -> warn
    Tone.Bad -> bad
}

private val Tone.usual: ImageVector
    get() = when (this) {
        Tone.Good -> Signs.check
        Tone.Warn, Tone.Bad -> Signs.alert
        Tone.Neutral, Tone.Accent -> Signs.info
    }

/** Something the user ought to know. `spoken` notices are read out when they appear. */
@Composable
fun Notice(text: String, tone: Tone, modifier: Modifier = Modifier, sign: ImageVector = tone.usual, spoken: Boolean = true, more: (@Composable ColumnScope.() -> Unit)? = null) {
    Column(
        modifier.fillMaxWidth().background(tone.ground, MaterialTheme.shapes.medium),
    ) {
        Row(
            Modifier.fillMaxWidth().semantics(mergeDescendants = true) { if (spoken) liveRegion = LiveRegionMode.Polite }
                .padding(start = 14.dp, end = 14.dp, top = Gap.m, bottom = if (more == null) Gap.m else Gap.xs),
            horizontalArrangement = Arrangement.spacedBy(Gap.m),
        ) {
            LineSign(sign, Nod.type.bodyMedium, tone.sign)
            Text(breakable(text), Modifier.weight(1f), color = Nod.colours.text, style = Nod.type.bodyMedium)
        }
        more?.invoke(this)
    }
}

/** An error of the screen, where there is one: it is read out. */
@Composable
fun Trouble(text: String?, modifier: Modifier = Modifier) {
    if (text != null) Notice(text, Tone.Bad, modifier)
}

/** A large sign over a result. */
@Composable
fun Medallion(sign: ImageVector, tone: Tone, size: Dp = 76.dp) = SignCircle(sign, tone, size)

/** One thing said in the middle of a screen: what came of something. Read out when it appears. */
@Composable
fun Outcome(sign: ImageVector, tone: Tone, heading: String, text: String? = null) {
    Column(
        Modifier.fillMaxWidth().padding(top = Gap.xl, bottom = Gap.s).semantics { liveRegion = LiveRegionMode.Polite },
        horizontalAlignment = Alignment.CenterHorizontally,
        verticalArrangement = Arrangement.spacedBy(Gap.m),
    ) {
        Medallion(sign, tone)
        Balanced(Modifier.padding(top = Gap.s)) { Heading(heading, align = TextAlign.Center) }
        if (!text.isNullOrEmpty()) Balanced { Explanation(text, align = TextAlign.Center) }
    }
}

/** The same while it is not known yet what comes of it. */
@Composable
fun Working(heading: String, text: String? = null) {
    Column(
        Modifier.fillMaxWidth().padding(top = 56.dp).semantics { liveRegion = LiveRegionMode.Polite },
        horizontalAlignment = Alignment.CenterHorizontally,
        verticalArrangement = Arrangement.spacedBy(Gap.m),
    ) {
        Wheel(52.dp)
        Balanced(Modifier.padding(top = Gap.l)) { Heading(heading, align = TextAlign.Center) }
        if (!text.isNullOrEmpty()) Balanced { Explanation(text, align = TextAlign.Center) }
    }
}

/** One line that says what is going on. */
@Composable
fun Busy(text: String, modifier: Modifier = Modifier) {
    Row(
        modifier.fillMaxWidth().semantics(mergeDescendants = true) { liveRegion = LiveRegionMode.Polite }.padding(vertical = Gap.s),
        horizontalArrangement = Arrangement.spacedBy(Gap.m, Alignment.CenterHorizontally),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Wheel(22.dp)
        Text(text, Modifier.weight(1f, fill = false), style = Nod.type.labelLarge)
    }
}

/** Turns while something goes on. */
@Composable
fun Wheel(size: Dp) {
    CircularProgressIndicator(
        Modifier.size(size),
        color = Nod.colours.accent,
        trackColor = Nod.colours.line,
        strokeWidth = (size / 14).coerceAtLeast(2.5.dp),
        strokeCap = StrokeCap.Round,
    )
}

/** How much of something is done; the words beside it say the same. */
@Composable
fun Progress(part: Float, label: String, modifier: Modifier = Modifier) {
    Column(modifier.fillMaxWidth().semantics(mergeDescendants = true) {}, verticalArrangement = Arrangement.spacedBy(Gap.s)) {
        LinearProgressIndicator(
            progress = part,
            modifier = Modifier.fillMaxWidth(),
            color = Nod.colours.accent,
            trackColor = Nod.colours.line,
            strokeCap = StrokeCap.Round,
        )
        Text(label, style = Nod.type.labelMedium)
    }
}

/** A short word on how something stands. */
@Composable
fun Badge(text: String, tone: Tone, sign: ImageVector? = null) {
    Row(
        Modifier.background(tone.ground, MaterialTheme.shapes.large).padding(horizontal = 10.dp, vertical = 3.dp),
        horizontalArrangement = Arrangement.spacedBy(6.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        sign?.let { Sign(it, size = 14.dp, tint = tone.sign) }
        Text(text, color = tone.sign, style = Nod.type.labelSmall)
    }
}

/** Nothing here yet, and what to do about it. */
@Composable
fun Empty(sign: ImageVector, text: String) {
    NodCard {
        Row(
            Modifier.semantics(mergeDescendants = true) {}.padding(Gap.l),
            horizontalArrangement = Arrangement.spacedBy(14.dp),
            verticalAlignment = Alignment.CenterVertically,
        ) {
            SignSquare(sign)
            Text(text, Modifier.weight(1f), color = Nod.colours.muted, style = Nod.type.bodyMedium)
        }
    }
}
