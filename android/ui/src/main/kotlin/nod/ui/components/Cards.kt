// Cards, the rows in them, and what stands in a row.
package nod.ui.components

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Divider
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import nod.ui.theme.Gap
import nod.ui.theme.LineSign
import nod.ui.theme.Nod
import nod.ui.theme.Sign
import nod.ui.theme.Signs

/** A card. What stands in it comes with its own padding. */
@Composable
fun NodCard(modifier: Modifier = Modifier, content: @Composable ColumnScope.() -> Unit) {
    Surface(
        modifier.fillMaxWidth(),
        shape = MaterialTheme.shapes.medium,
        color = Nod.colours.surface,
        contentColor = Nod.colours.text,
        border = BorderStroke(1.dp, Nod.colours.line),
    ) { Column(Modifier.fillMaxWidth(), content = content) }
}

/** A card of rows with lines between them. */
@Composable
fun <T> CardOf(rows: List<T>, modifier: Modifier = Modifier, row: @Composable (T) -> Unit) {
    NodCard(modifier) {
        rows.forEachIndexed { index, each ->
            if (index > 0) RowLine()
            row(each)
        }
    }
}

/** The line between two rows of a card. */
@Composable
fun RowLine() = Divider(thickness = 1.dp, color = Nod.colours.line)

/** One row: something in front, a name and what belongs to it, lines under it, something at the end. */
@Composable
fun CardRow(
    name: String,
    lines: List<String> = emptyList(),
    beside: String = "",
    front: (@Composable () -> Unit)? = null,
    end: (@Composable () -> Unit)? = null,
    onClick: (() -> Unit)? = null,
    under: (@Composable () -> Unit)? = null,
) {
    val press = if (onClick == null) Modifier.semantics(mergeDescendants = true) {} else Modifier.clickable(role = Role.Button, onClick = onClick)
    Row(
        press.fillMaxWidth().heightIn(min = 64.dp).padding(horizontal = rowSides, vertical = Gap.m),
        horizontalArrangement = Arrangement.spacedBy(rowGap),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        front?.invoke()
        Column(Modifier.weight(1f), verticalArrangement = Arrangement.spacedBy(1.dp)) {
            NameAnd(name, beside, style = Nod.type.labelLarge)
            for (line in lines) Text(breakable(line), color = Nod.colours.muted, style = Nod.type.bodySmall)
            under?.invoke()
        }
        end?.invoke()
    }
}

/** The arrow at the end of a row that opens something. */
@Composable
fun Onwards() = Sign(Signs.forward, tint = Nod.colours.muted)

/** A square with the first letter of a name. With large text the name needs its room. */
@Composable
fun Initial(name: String, size: Dp = 44.dp) {
    if (largeText) return
    Box(
        Modifier.size(size).background(Nod.colours.accentSoft, MaterialTheme.shapes.medium).clearAndSetSemantics {},
        contentAlignment = Alignment.Center,
    ) {
        val letter = name.trim().firstOrNull { it.isLetterOrDigit() }?.uppercase() ?: "·"
        Text(letter, color = Nod.colours.accent, style = Nod.type.titleLarge.copy(fontSize = unscaled(19f), lineHeight = unscaled(24f)))
    }
}

/** A size of text that does not grow with the user's, for what is a picture. */
@Composable
fun unscaled(size: Float) = (size / LocalDensity.current.fontScale).sp

/** Whether text is so large that it needs all the room there is. */
val largeText: Boolean
    @Composable get() = LocalDensity.current.fontScale > 1.5f

/** The room at the sides of a row. */
internal val rowSides: Dp
    @Composable get() = if (largeText) Gap.m else Gap.l

/** The room between the parts of a row. */
internal val rowGap: Dp
    @Composable get() = if (largeText) Gap.s else 14.dp

/** A square with a sign beside words that say more; with large text they need its room. */
@Composable
fun SignSquare(sign: ImageVector, size: Dp = 44.dp) {
    if (largeText) return
    Box(
        Modifier.size(size).background(Nod.colours.accentSoft, MaterialTheme.shapes.medium),
        contentAlignment = Alignment.Center,
    ) { Sign(sign, size = 22.dp, tint = Nod.colours.accent, grows = false) }
}

/** A small circle with a sign: how something ended. */
@Composable
fun SignCircle(sign: ImageVector, tone: Tone, size: Dp = 40.dp) {
    Box(Modifier.size(size).background(tone.ground, androidx.compose.foundation.shape.CircleShape), contentAlignment = Alignment.Center) {
        Sign(sign, size = size * 0.48f, tint = tone.sign, grows = false)
    }
}

/** What something is called, and what it is; for a list of facts. */
class Fact(val sign: ImageVector?, val name: String, val value: String, val grave: Boolean = false)

/** Facts in a card, name beside value where both fit. */
@Composable
fun Facts(facts: List<Fact>, modifier: Modifier = Modifier) {
    NodCard(modifier) { FactRows(facts) }
}

/** The same in a card that holds more. */
@Composable
fun FactRows(facts: List<Fact>) {
    facts.forEachIndexed { index, fact ->
        if (index > 0) RowLine()
        FactRow(fact)
    }
}

@Composable
private fun FactRow(fact: Fact) {
    val stacked = LocalDensity.current.fontScale > 1.35f
    Row(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}.padding(horizontal = Gap.l, vertical = 7.dp),
        horizontalArrangement = Arrangement.spacedBy(10.dp),
    ) {
        fact.sign?.let { LineSign(it, Nod.type.bodySmall, Nod.colours.muted, size = 18.dp) }
        if (stacked) {
            Column(Modifier.weight(1f)) { FactTexts(fact, Modifier, Modifier) }
        } else {
            FactTexts(fact, Modifier.weight(5f), Modifier.weight(9f))
        }
    }
}

@Composable
private fun FactTexts(fact: Fact, name: Modifier, value: Modifier) {
    Text(fact.name, name, color = Nod.colours.muted, style = Nod.type.bodySmall)
    Text(
        breakable(fact.value),
        value,
        color = if (fact.grave) Nod.colours.bad else Color.Unspecified,
        style = Nod.type.titleSmall,
    )
}
