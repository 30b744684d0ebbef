// Runs every JUnit test of the given class folders and prints one `ok` or `not ok` line for each, as it ends.
package nod.tests

import java.nio.file.Path
import kotlin.system.exitProcess
import org.junit.platform.engine.TestExecutionResult
import org.junit.platform.engine.discovery.DiscoverySelectors.selectClasspathRoots
import org.junit.platform.engine.support.descriptor.MethodSource
import org.junit.platform.launcher.LauncherConstants.CAPTURE_STDOUT_PROPERTY_NAME
import org.junit.platform.launcher.TestExecutionListener
import org.junit.platform.launcher.TestIdentifier
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder.request
import org.junit.platform.launcher.core.LauncherFactory

private class Lines : TestExecutionListener {
    var good = 0
    var bad = 0
    private val begun = HashMap<String, Long>()

    override fun executionStarted(test: TestIdentifier) {
        begun[test.uniqueId] = System.nanoTime()
    }

    override fun executionSkipped(test: TestIdentifier, reason: String) {
        bad += 1
        println("not ok ${name(test)}: skipped, $reason")
    }

    override fun executionFinished(test: TestIdentifier, result: TestExecutionResult) {
        val seconds = (System.nanoTime() - (begun.remove(test.uniqueId) ?: 0L)) / 1e9
        val failed = result.status != TestExecutionResult.Status.SUCCESSFUL
        if (failed) {
            bad += 1
            println("not ok %s (%.1f s)".format(name(test), seconds))
            result.throwable.ifPresent { tell(it) }
        } else if (test.isTest) {
            good += 1
            println("ok %s (%.1f s)".format(name(test), seconds))
        }
        System.out.flush()
    }

    private fun tell(problem: Throwable) {
        println("   $problem")
        problem.stackTrace.filter { it.className.startsWith("nod.") }.take(8).forEach { println("      at $it") }
        problem.cause?.let { tell(it) }
    }

    private fun name(test: TestIdentifier): String {
        val source = test.source.orElse(null)
        val owner = (source as? MethodSource)?.className?.substringAfterLast('.')
        return if (owner == null) test.displayName else "$owner: ${test.displayName.removeSuffix("()")}"
    }
}

fun main(folders: Array<String>) {
    val lines = Lines()
    val chosen = request()
        .selectors(selectClasspathRoots(folders.map(Path::of).toSet()))
        .configurationParameter(CAPTURE_STDOUT_PROPERTY_NAME, "false")
        .build()
    LauncherFactory.create().execute(chosen, lines)
    println("   ${lines.good} good, ${lines.bad} bad")
    exitProcess(if (lines.bad == 0 && lines.good > 0) 0 else 1)
}
