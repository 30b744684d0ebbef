// Who may name whom among the modules of the app.
package nod.bindings

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class ArchitectureTest {
    /** What a line of that module must not say, and why. */
    private class Rule(val modules: Set<String>, val forbidden: Regex, val why: String)

    private val rules = listOf(
        Rule(setOf("logic", "ui", "app"), Regex("""\buniffi\b"""), "generated code is named by bindings alone"),
        Rule(setOf("logic", "ui", "bindings"), Regex("""(?<![\w.])android\."""), "the platform is named by app alone"),
        Rule(setOf("logic", "bindings"), Regex("""(?<![\w.])androidx\."""), "screens are drawn by ui"),
        Rule(setOf("ui"), Regex("""\bLocalContext\b|(?<![\w.])R\.\w"""), "ui draws on any platform"),
        Rule(setOf("logic", "ui"), Regex("""(?<![\w.])nod\.(bindings|app)\b"""), "logic and ui know no core"),
        Rule(
            setOf("logic"),
            Regex("""System\.(currentTimeMillis|nanoTime)|\bInstant\.now\b|\bjava\.io\b|\bjava\.nio\b"""),
            "time and files come through ports",
        ),
    )

    @Test
    fun `each module names only what it may`() {
        // This file says what is forbidden.
        val read = sources().filterNot { (_, file) -> file.name == "ArchitectureTest.kt" }
        assertEquals(emptyList(), read.flatMap { (module, file) -> faults(module, file.readLines()).map { "$file: $it" } })
    }

    @Test
    fun `the rules find what they are about`() {
        assertEquals(1, faults("ui", listOf("import uniffi.nod_ffi.NodPhone")).size)
        assertEquals(1, faults("logic", listOf("val phone: android.os.Bundle? = null")).size)
        assertEquals(1, faults("logic", listOf("import androidx.compose.runtime.Composable")).size)
        assertEquals(1, faults("ui", listOf("val context = LocalContext.current")).size)
        assertEquals(1, faults("ui", listOf("import nod.bindings.CorePhone")).size)
        assertEquals(1, faults("logic", listOf("val now = System.nanoTime()")).size)
        assertEquals(emptyList(), faults("ui", listOf("import androidx.compose.ui.Modifier", "import nod.logic.Account")))
        assertEquals(emptyList(), faults("bindings", listOf("import uniffi.nod_ffi.NodPhone")))
    }

    @Test
    fun `each file says what it is for and is not too long`() {
        val generated = Regex("""words/(Word|Words|English|Swedish|Norwegian|Danish)\.kt$""")
        val faults = sources().filterNot { (_, file) -> generated.containsMatchIn(file.path) }.mapNotNull { (_, file) ->
            val lines = file.readLines()
            when {
                !lines.first().startsWith("// ") -> "$file does not begin with what it is for"
                lines.size > LONGEST -> "$file has ${lines.size} lines"
                else -> null
            }
        }
        assertEquals(emptyList(), faults)
    }

    private fun faults(module: String, lines: List<String>): List<String> =
        rules.filter { module in it.modules }.flatMap { rule ->
            lines.filter { rule.forbidden.containsMatchIn(it) }.map { "“${it.trim()}”: ${rule.why}" }
        }

    /** Every Kotlin file of the modules' own sources, with its module. */
    private fun sources(): List<Pair<String, File>> {
        val found = listOf("bindings", "logic", "ui", "app").flatMap { module ->
            repository.resolve("android/$module/src").walk().filter { it.extension == "kt" }.map { module to it }
        }
        for (module in listOf("bindings", "logic")) assertTrue(found.any { it.first == module }, "no sources of $module")
        return found
    }

    private companion object {
        const val LONGEST = 450
    }
}
