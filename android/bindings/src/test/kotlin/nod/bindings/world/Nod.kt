// Real `nod` processes: what they are told and the JSON lines they print. Waits for lines, never for time.
package nod.bindings.world

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Path
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.test.assertEquals
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonPrimitive

/** The longest that any line or end is waited for, in seconds. */
const val PATIENCE_S = 60L

/** The text of a member. */
fun JsonObject.text(member: String): String =
    checkNotNull(this[member]) { "$this has no $member" }.jsonPrimitive.content

/** A `nod --json` process whose standard output is read line by line. */
class Nod private constructor(private val process: Process, private val what: String) : AutoCloseable {
    private val lines = LinkedBlockingQueue<String>()
    private val said = StringBuffer()
    private val readers = listOf(
        thread(isDaemon = true) { process.inputStream.bufferedReader().forEachLine(lines::put) },
        thread(isDaemon = true) { process.errorStream.bufferedReader().forEachLine { said.append(it).append('\n') } },
    )

    /** The next line, which must be one JSON object. */
    fun line(): JsonObject {
        val line = lines.poll(PATIENCE_S, TimeUnit.SECONDS)
        return Json.parseToJsonElement(checkNotNull(line) { "$what printed no further line: $said" }) as JsonObject
    }

    /** The last object that it printed, once it has ended with `code`. */
    fun ended(code: Int): JsonObject {
        check(process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) { "$what does not end" }
        readers.forEach(Thread::join)
        assertEquals(code, process.exitValue(), "$what: $lines $said")
        val last = checkNotNull(lines.lastOrNull()) { "$what printed nothing: $said" }
        return Json.parseToJsonElement(last) as JsonObject
    }

    /** The error that it reported, once it has ended with `code` and printed nothing else. */
    fun refused(code: Int): JsonObject {
        check(process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) { "$what does not end" }
        readers.forEach(Thread::join)
        assertEquals(code to emptyList(), process.exitValue() to lines.toList(), "$what: $said")
        return (Json.parseToJsonElement(said.toString()) as JsonObject).getValue("error") as JsonObject
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    companion object {
        private val binary: String = checkNotNull(System.getenv("NOD_BIN")) { "NOD_BIN names no nod" }

        /** Starts it with nothing of this process's environment but what is given. */
        fun start(environment: Map<String, String>, vararg arguments: String): Nod {
            val command = listOf(binary, "--json") + arguments
            val builder = ProcessBuilder(command).redirectInput(File("/dev/null"))
            builder.environment().run {
                clear()
                putAll(environment)
            }
            return Nod(builder.start(), command.drop(1).joinToString(" "))
        }

        /** Runs it to its end. */
        fun run(environment: Map<String, String>, vararg arguments: String, code: Int = 0): JsonObject =
            start(environment, *arguments).use { it.ended(code) }
    }
}

/** A relay process on a port of its own, with `settings` in its environment. */
class Relay(
    private val data: Path,
    private val settings: Map<String, String> = emptyMap(),
    address: String = "127.0.0.1:0",
) : AutoCloseable {
    private val process = Nod.start(settings, "relay", "serve", "--listen", address, "--data", data.toString())
    private val first = process.line()

    /** Where it listens: `127.0.0.1:PORT`. */
    val address: String = first.text("listening")
    private val adminKey = File(first.text("admin_key_file")).readText().trim()

    /** A managed service of this relay, and what its login server does. */
    fun service(vararg arguments: String): Login {
        val made = Nod.run(mapOf("NOD_RELAY" to "http://$address", "NOD_ADMIN_KEY" to adminKey), "service", "add", *arguments)
        return Login("http://$address", made.text("api_key"))
    }

    /** A new relay over the same data at the same address, after this one was killed. */
    fun again(): Relay = Relay(data, settings, address)

    override fun close() = process.close()
}

/** A push that somebody waits for: its challenge, and the number that the browser shows. */
class Push(private val process: Nod) : AutoCloseable {
    private val first = process.line()
    val id: String = first.text("challenge_id")
    val number: String? = first["number"]?.jsonPrimitive?.content

    /** A number that it is not. */
    val wrongNumber: String get() = if (number == "00") "01" else "00"

    /** How it ended, and with which exit code. */
    fun ended(code: Int): JsonObject = process.ended(code)

    override fun close() = process.close()
}

/** A login server that is driven from the command line. */
class Login(private val relay: String, val key: String) {
    private val environment get() = mapOf("NOD_RELAY" to relay, "NOD_API_KEY" to key)

    /** Sets how long the user and the challenge have, in seconds. */
    fun sets(windowS: Int, lifeS: Int) {
        val body = """{"window_s":$windowS,"life_s":$lifeS}"""
        val request = HttpRequest.newBuilder(URI("$relay/v1/service"))
            .header("authorization", "Bearer $key")
            .header("content-type", "application/json")
            .method("PATCH", HttpRequest.BodyPublishers.ofString(body))
            .build()
        val answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString())
        assertEquals(200, answer.statusCode(), answer.body())
    }

    /** Runs `nod login …`. */
    fun run(vararg arguments: String, code: Int = 0): JsonObject =
        Nod.run(environment, "login", *arguments, code = code)

    /** Runs `nod login …`, which is refused with exit code 1; gives the error's type. */
    fun refused(vararg arguments: String): String =
        Nod.start(environment, "login", *arguments).use { it.refused(1).text("type") }

    /** Starts a push to `user` and waits for its challenge. */
    fun push(user: String, vararg arguments: String): Push =
        Push(Nod.start(environment, "login", "push", user, *arguments))
}
