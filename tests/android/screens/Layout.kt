// What is checked on every drawn screen: no text is cut, nothing overlaps, everything to press is large enough and has a name.
package nod.screens

import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.TextLayoutResult
import kotlin.math.roundToInt
import nod.ui.components.breakable

/** The smallest thing to press, in dp. */
private const val TOUCH = 48f

/** Drawn pixels may be off by so much through rounding. */
private const val SLACK = 1.5f

/** What is wrong with a screen that was drawn as long as it is. */
fun faults(roots: List<SemanticsNode>, over: Boolean): List<String> {
    val nodes = roots.flatMap { it.all() }
    return nodes.flatMap(::cut) + nodes.flatMap(::press) + (if (over) emptyList() else roots.flatMap(::overlaps)) + headings(nodes)
}

/** The text of a node as it is drawn. */
fun drawn(node: SemanticsNode): String? =
    node.config.getOrNull(SemanticsProperties.EditableText)?.text
        ?: node.config.getOrNull(SemanticsProperties.Text)?.joinToString(" ") { it.text }

/** Everything that is read or heard on a screen: what is drawn, and what is only said. What a user types is not. */
fun wordsOf(roots: List<SemanticsNode>): List<String> = roots.flatMap { it.all() }.flatMap { node ->
    listOfNotNull(node.config.getOrNull(SemanticsProperties.Text)?.joinToString(" ") { it.text }) +
        node.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty() +
        listOfNotNull(
            node.config.getOrNull(SemanticsProperties.PaneTitle),
            node.config.getOrNull(SemanticsProperties.StateDescription),
            node.config.getOrNull(SemanticsActions.OnClick)?.label,
            node.config.getOrNull(SemanticsProperties.Error),
        )
}.filter { it.isNotBlank() }

private fun layout(node: SemanticsNode): TextLayoutResult? {
    val results = mutableListOf<TextLayoutResult>()
    node.config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(results)
    return results.firstOrNull()
}

private fun cut(node: SemanticsNode): List<String> {
    val layout = layout(node) ?: return emptyList()
    val text = layout.layoutInput.text.text
    val editable = node.config.getOrNull(SemanticsProperties.EditableText) != null
    val found = mutableListOf<String>()
    if (layout.hasVisualOverflow && !editable) found += "cut: “$text”"
    if (editable && layout.lineCount == 1 && layout.size.width > node.size.width + SLACK) found += "wider than its field: “$text”"
    for (line in 0 until layout.lineCount) {
        if (layout.isLineEllipsized(line)) found += "ends in an ellipsis: “$text”"
        val end = layout.getLineEnd(line)
        if (!editable && end in 1 until text.length && text[end - 1].isLetter() && text[end].isLetter() && !isName(text, end)) {
            found += "breaks inside a word: “${text.substring(maxOf(0, end - 12), minOf(text.length, end + 12))}”"
        }
    }
    val whole = Rect(node.positionInRoot, androidx.compose.ui.geometry.Size(node.size.width.toFloat(), node.size.height.toFloat()))
    val seen = node.boundsInRoot
    if (whole.width - seen.width > SLACK || whole.height - seen.height > SLACK) found += "covered or outside: “$text” $whole, of which is seen $seen"
    return found
}

/** Whether the word around `at` is a name, which may be too long for any line. */
private fun isName(text: String, at: Int): Boolean = names.map(::breakable).any { name ->
    generateSequence(text.indexOf(name)) { text.indexOf(name, it + 1) }.takeWhile { it >= 0 }.any { at in it..it + name.length }
}

private fun actionable(node: SemanticsNode): Boolean = with(node.config) {
    getOrNull(SemanticsProperties.Disabled) == null &&
        (getOrNull(SemanticsActions.OnClick) != null || getOrNull(SemanticsActions.SetText) != null)
}

private fun press(node: SemanticsNode): List<String> {
    if (!actionable(node)) return emptyList()
    val name = nameOf(node)
    val found = mutableListOf<String>()
    val width = node.size.width / DENSITY
    val height = node.size.height / DENSITY
    if (width < TOUCH || height < TOUCH) found += "too small to press: “$name” is ${width.roundToInt()} x ${height.roundToInt()} dp"
    if (name.isBlank()) found += "nothing says what it is: a node at ${node.boundsInRoot}"
    val role = node.config.getOrNull(SemanticsProperties.Role)
    if (role == null && node.config.getOrNull(SemanticsActions.SetText) == null) found += "no role: “$name”"
    return found
}

/** What a screen reader says: its own description, or what stands in it. */
private fun nameOf(node: SemanticsNode): String = node.all().flatMap { part ->
    part.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty() +
        part.config.getOrNull(SemanticsProperties.Text).orEmpty().map { it.text }
}.joinToString(" ").trim()

private fun overlaps(root: SemanticsNode): List<String> {
    val texts = root.all().filter { layout(it) != null && it.config.getOrNull(SemanticsProperties.EditableText) == null }
    return texts.flatMapIndexed { index, one ->
        texts.drop(index + 1).mapNotNull { other ->
            val shared = one.boundsInRoot.intersect(other.boundsInRoot)
            if (shared.width > SLACK && shared.height > SLACK) "overlap: “${drawn(one)}” and “${drawn(other)}”" else null
        }
    }
}

private fun headings(nodes: List<SemanticsNode>): List<String> = listOfNotNull(
    "no heading".takeIf { nodes.none { it.config.getOrNull(SemanticsProperties.Heading) != null } },
    "the screen has no title for a screen reader".takeIf { nodes.none { !it.config.getOrNull(SemanticsProperties.PaneTitle).isNullOrBlank() } },
)
