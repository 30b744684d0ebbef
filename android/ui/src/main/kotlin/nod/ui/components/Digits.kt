// Digits: in groups of three, of equal width, and spoken one by one.
package nod.ui.components

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.input.OffsetMapping
import androidx.compose.ui.text.input.TransformedText
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.unit.dp
import nod.ui.theme.Gap
import nod.ui.theme.Nod

/** `123456` as `123` and `456`; seven digits as three and four, eight as four and four. */
fun groups(digits: String): List<String> = when {
    digits.length <= 4 -> listOf(digits)
    digits.length == 8 -> listOf(digits.take(4), digits.drop(4))
    else -> listOf(digits.take(3), digits.drop(3))
}

/** `123456` as `1 2 3, 4 5 6`: a screen reader says digits and not a number. */
fun spoken(digits: String): String = groups(digits).joinToString(", ") { it.toList().joinToString(" ") }

/** A code in a row of a list. What is said of it, the row says. */
@Composable
fun CodeDigits(code: String, style: TextStyle = Nod.type.displayMedium, colour: Color = Nod.colours.accent) {
    Groups(gap = 12.dp, centred = false) {
        for (group in groups(code)) Text(group, color = colour, style = style, softWrap = false)
    }
}

/** A code that the user types elsewhere: as large as can be. `label` says it digit by digit. */
@Composable
fun BigCode(code: String, label: String) {
    Box(
        Modifier
            .fillMaxWidth()
            .background(Nod.colours.accentSoft, MaterialTheme.shapes.large)
            .semantics(mergeDescendants = true) { contentDescription = label }
            .padding(horizontal = Gap.s, vertical = Gap.l),
        contentAlignment = Alignment.Center,
    ) {
        Groups(gap = 14.dp) {
            for (group in groups(code)) Text(group, color = Nod.colours.text, style = Nod.type.displayLarge, softWrap = false)
        }
    }
}

/** Shows six typed digits as two groups of three. */
internal object GroupedDigits : VisualTransformation {
    override fun filter(text: AnnotatedString): TransformedText {
        val digits = text.text
        if (digits.length <= GROUP) return TransformedText(text, OffsetMapping.Identity)
        return TransformedText(AnnotatedString(digits.take(GROUP) + " " + digits.drop(GROUP)), Mapping)
    }

    private object Mapping : OffsetMapping {
        override fun originalToTransformed(offset: Int) = if (offset <= GROUP) offset else offset + 1
        override fun transformedToOriginal(offset: Int) = if (offset <= GROUP) offset else offset - 1
    }

    private const val GROUP = 3
}
