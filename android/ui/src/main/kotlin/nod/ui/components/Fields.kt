// Fields to type into: the name above, the border that a field needs to be seen, what is wrong below.
package nod.ui.components

import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.interaction.MutableInteractionSource
import androidx.compose.foundation.interaction.collectIsFocusedAsState
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.text.BasicTextField
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.error
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.input.PasswordVisualTransformation
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.em
import nod.ui.theme.Gap
import nod.ui.theme.LineSign
import nod.ui.theme.Nod
import nod.ui.theme.Signs
import nod.ui.theme.TABULAR

/** What kind of text a field takes: which keyboard comes up, and what is hidden. */
enum class FieldKind { Name, Code, Passphrase }

/** A field for text. The name of the field is part of it, so that a tap on it counts and a screen reader says it. */
@Composable
fun Field(
    name: String,
    text: String,
    onText: (String) -> Unit,
    modifier: Modifier = Modifier,
    kind: FieldKind = FieldKind.Name,
    hint: String? = null,
    wrong: String? = null,
    enabled: Boolean = true,
    lines: Int = 1,
    last: Boolean = true,
) {
    Bare(
        text, onText, modifier.fillMaxWidth(),
        style = Nod.type.bodyLarge.copy(fontFamily = if (kind == FieldKind.Code) FontFamily.Monospace else Nod.type.bodyLarge.fontFamily),
        keyboard = KeyboardOptions(
            capitalization = if (kind == FieldKind.Name) KeyboardCapitalization.Words else KeyboardCapitalization.None,
            autoCorrect = false,
            keyboardType = if (kind == FieldKind.Passphrase) KeyboardType.Password else KeyboardType.Text,
            imeAction = if (last) ImeAction.Done else ImeAction.Next,
        ),
        shown = if (kind == FieldKind.Passphrase) PasswordVisualTransformation() else VisualTransformation.None,
        wrong = wrong, enabled = enabled, lines = lines,
    ) { focused, field ->
        Column(verticalArrangement = Arrangement.spacedBy(6.dp)) {
            Text(name, style = Nod.type.titleSmall)
            Border(focused, wrong != null, Modifier.fillMaxWidth().heightIn(min = 52.dp), top = lines > 1) {
                if (text.isEmpty() && hint != null && lines > 2) Text(hint, color = Nod.colours.muted, style = Nod.type.bodyLarge)
                field()
            }
            if (hint != null && lines <= 2 && wrong == null) Text(hint, color = Nod.colours.muted, style = Nod.type.bodySmall)
            Wrong(wrong)
        }
    }
}

/** A field for as many digits as are asked for, large and in groups of three. */
@Composable
fun DigitsField(
    name: String,
    hint: String?,
    text: String,
    digits: Int,
    onText: (String) -> Unit,
    modifier: Modifier = Modifier,
    wrong: String? = null,
    enabled: Boolean = true,
) {
    val spacing = if (digits > 2) 0.08.em else 0.2.em
    val style = Nod.type.displayMedium.copy(letterSpacing = spacing, fontWeight = FontWeight.SemiBold, fontFeatureSettings = TABULAR, textAlign = TextAlign.Center)
    Bare(
        text, onText, modifier.fillMaxWidth(), style,
        keyboard = KeyboardOptions(autoCorrect = false, keyboardType = KeyboardType.Number, imeAction = ImeAction.Done),
        shown = if (digits == 6) GroupedDigits else VisualTransformation.None,
        wrong = wrong, enabled = enabled, lines = 1,
    ) { focused, field ->
        Column(verticalArrangement = Arrangement.spacedBy(6.dp)) {
            val width = boxWidth(digits)
            TextAnd(
                Modifier.fillMaxWidth(),
                gap = Gap.m,
                text = {
                    Column {
                        Text(name, style = Nod.type.titleSmall)
                        if (hint != null) Text(hint, color = Nod.colours.muted, style = Nod.type.bodySmall)
                    }
                },
                beside = { Border(focused, wrong != null, Modifier.width(width).heightIn(min = 60.dp)) { field() } },
            )
            Wrong(wrong)
        }
    }
}

@Composable
private fun boxWidth(digits: Int): Dp {
    val scale = LocalDensity.current.fontScale.coerceAtLeast(1f)
    return (if (digits > 2) 148.dp else 104.dp) * scale
}

@Composable
private fun Bare(
    text: String,
    onText: (String) -> Unit,
    modifier: Modifier,
    style: TextStyle,
    keyboard: KeyboardOptions,
    shown: VisualTransformation,
    wrong: String?,
    enabled: Boolean,
    lines: Int,
    around: @Composable (Boolean, @Composable () -> Unit) -> Unit,
) {
    val touches = remember { MutableInteractionSource() }
    val focused by touches.collectIsFocusedAsState()
    BasicTextField(
        value = text,
        onValueChange = onText,
        modifier = modifier.semantics(mergeDescendants = true) { if (wrong != null) error(wrong) },
        enabled = enabled,
        textStyle = style.copy(color = if (enabled) Nod.colours.text else Nod.colours.muted),
        keyboardOptions = keyboard,
        keyboardActions = KeyboardActions.Default,
        singleLine = lines == 1,
        minLines = lines,
        visualTransformation = shown,
        interactionSource = touches,
        cursorBrush = SolidColor(Nod.colours.accent),
        decorationBox = { field -> around(focused, field) },
    )
}

@Composable
private fun Border(focused: Boolean, wrong: Boolean, modifier: Modifier, top: Boolean = false, content: @Composable () -> Unit) {
    val colour = if (wrong) Nod.colours.bad else if (focused) Nod.colours.accent else Nod.colours.fieldLine
    val shape = MaterialTheme.shapes.medium
    Box(
        modifier
            .background(Nod.colours.surface, shape)
            .border(if (focused || wrong) 2.dp else 1.dp, colour, shape)
            .padding(horizontal = 14.dp, vertical = 10.dp),
        contentAlignment = if (top) Alignment.TopStart else Alignment.CenterStart,
    ) { content() }
}

@Composable
private fun Wrong(text: String?) {
    if (text == null) return
    Row(horizontalArrangement = Arrangement.spacedBy(6.dp)) {
        LineSign(Signs.alert, Nod.type.bodySmall, Nod.colours.bad, size = 18.dp)
        Text(text, Modifier.weight(1f), color = Nod.colours.bad, style = Nod.type.bodySmall)
    }
}
