// The frame of a screen: a bar with the title, what it shows, and at its foot what can be done.
package nod.ui.components

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Icon
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.PageWidth
import nod.ui.theme.Signs

/** The way back from a screen, with the word for it. */
class Back(val label: String, val press: () -> Unit)

/**
 * A screen whose content scrolls when it has to. Where there is room, `foot` stands at the bottom, under the thumb;
 * with large text or on a phone on its side it follows the content. `floating` stays over the lower end of the content.
 */
@Composable
fun Page(
    title: String,
    back: Back? = null,
    tools: (@Composable RowScope.() -> Unit)? = null,
    foot: (@Composable ColumnScope.() -> Unit)? = null,
    gap: Dp = Gap.l,
    bar: Boolean = true,
    floating: (@Composable ColumnScope.() -> Unit)? = null,
    content: @Composable ColumnScope.() -> Unit,
) {
    Frame(title, floating) {
        if (bar) Bar(title, back, tools)
        BoxWithConstraints(Modifier.weight(1f).fillMaxWidth()) {
            Column(
                Modifier
                    .verticalScroll(rememberScrollState())
                    .heightIn(min = maxHeight)
                    .padding(start = Gap.page, end = Gap.page, top = Gap.s, bottom = if (floating == null) Gap.page else FloatingRoom),
                verticalArrangement = Arrangement.SpaceBetween,
            ) {
                Column(Modifier.fillMaxWidth(), verticalArrangement = Arrangement.spacedBy(gap), content = content)
                if (foot != null) {
                    Column(
                        Modifier.fillMaxWidth().padding(top = gap),
                        verticalArrangement = Arrangement.spacedBy(Gap.m),
                        content = foot,
                    )
                }
            }
        }
    }
}

/** A screen that is a long list. */
@Composable
fun ListPage(title: String, back: Back, content: LazyListScope.() -> Unit) {
    Frame(title) {
        Bar(title, back, null)
        LazyColumn(
            Modifier.weight(1f).fillMaxWidth().padding(horizontal = Gap.page),
            contentPadding = PaddingValues(top = Gap.s, bottom = Gap.page),
            content = content,
        )
    }
}

/** What a floating button covers at the end of a page, so that nothing has to lie under it. */
private val FloatingRoom: Dp
    @Composable get() = 76.dp + 24.dp * LocalDensity.current.fontScale

@Composable
private fun Frame(title: String, floating: (@Composable ColumnScope.() -> Unit)? = null, content: @Composable ColumnScope.() -> Unit) {
    Box(
        Modifier.fillMaxSize().background(Nod.colours.page).semantics { paneTitle = title },
        contentAlignment = Alignment.TopCenter,
    ) {
        Column(Modifier.widthIn(max = PageWidth).fillMaxSize(), content = content)
        if (floating != null) {
            Column(
                Modifier.align(Alignment.BottomCenter).widthIn(max = PageWidth).fillMaxWidth().padding(Gap.page),
                horizontalAlignment = Alignment.End,
                verticalArrangement = Arrangement.spacedBy(Gap.m),
                content = floating,
            )
        }
    }
}

@Composable
private fun Bar(title: String, back: Back?, tools: (@Composable RowScope.() -> Unit)?) {
    Row(
        Modifier.fillMaxWidth().heightIn(min = 60.dp).padding(start = if (back == null) Gap.page else Gap.s, end = Gap.s, top = 6.dp, bottom = 6.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        if (back == null) {
            Mark(30.dp)
            Spacer(Modifier.size(10.dp))
        } else {
            SignButton(Signs.back, back.label, onClick = back.press)
            Spacer(Modifier.size(Gap.xs))
        }
        Text(title, Modifier.weight(1f).semantics { heading() }, style = Nod.type.titleLarge)
        tools?.invoke(this)
    }
}

/** Nod's mark on its square. */
@Composable
fun Mark(size: Dp, modifier: Modifier = Modifier) {
    Box(modifier.size(size).background(MarkGround, RoundedCornerShape(size / 4))) {
        Icon(Signs.mark, contentDescription = null, modifier = Modifier.fillMaxSize(), tint = Color.Unspecified)
    }
}

private val MarkGround = Color(0xFF3046C8)

/** The heading of a screen or of a part of it. */
@Composable
fun Heading(text: String, modifier: Modifier = Modifier, style: TextStyle = Nod.type.headlineMedium, align: TextAlign? = null) {
    Text(text, modifier.semantics { heading() }, style = style, textAlign = align)
}

/** A heading over a card of rows. */
@Composable
fun Section(text: String, modifier: Modifier = Modifier) {
    Heading(text, modifier.padding(start = Gap.xs, top = Gap.s), style = Nod.type.titleMedium)
}

/** Text that explains. */
@Composable
fun Explanation(text: String, modifier: Modifier = Modifier, align: TextAlign? = null) {
    Text(text, modifier, color = Nod.colours.muted, style = Nod.type.bodyLarge, textAlign = align)
}
