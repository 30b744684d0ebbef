// A move from the Android app's phone to the iOS app's, and back: both real cores, each behind its own app's adapter.
package nod.across

import java.nio.file.Files
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import nod.bindings.world.PATIENCE_S
import nod.bindings.world.Person
import nod.bindings.world.SERVICE
import nod.bindings.world.World
import nod.bindings.world.awaits
import nod.bindings.world.awaitsA
import nod.bindings.world.text
import nod.bindings.world.world
import nod.logic.challenge.ChallengeEvent
import nod.logic.challenge.Phase
import nod.logic.movenew.MoveNewEvent
import nod.logic.movenew.MoveNewPresenter
import nod.logic.movenew.MoveNewState
import nod.logic.moveold.MoveOldEvent
import nod.logic.moveold.MoveOldPresenter
import nod.logic.moveold.MoveOldState
import nod.logic.root.Route

/** The phone of the iOS app, driven by JSON lines. `NOD_SWIFT_PHONE` is the command that starts it. */
private class SwiftPhone(name: String) : AutoCloseable {
    private val command = checkNotNull(System.getenv("NOD_SWIFT_PHONE")) { "NOD_SWIFT_PHONE names no phone" }
    private val process = ProcessBuilder(command.split(' ') + listOf(Files.createTempDirectory("nod-swift").toString(), name))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
    private val lines = LinkedBlockingQueue<String>()
    private val input = process.outputStream.bufferedWriter()

    init {
        thread(isDaemon = true) { process.inputStream.bufferedReader().forEachLine(lines::put) }
    }

    fun does(what: String, vararg arguments: Pair<String, String>): JsonObject {
        val command = JsonObject((arguments.toList() + ("do" to what)).associate { (key, value) -> key to JsonPrimitive(value) })
        input.write(command.toString())
        input.newLine()
        input.flush()
        return line()
    }

    /** The next thing that it says. */
    fun line(): JsonObject {
        val line = checkNotNull(lines.poll(PATIENCE_S, TimeUnit.SECONDS)) { "the Swift phone says nothing" }
        val said = Json.parseToJsonElement(line).jsonObject
        check("error" !in said) { line }
        return said
    }

    override fun close() {
        input.close()
        process.waitFor(PATIENCE_S, TimeUnit.SECONDS)
        process.destroyForcibly()
    }
}

class AcrossAppsTest {
    private fun World.approvesOn(person: Person) {
        val push = push("ada")
        val challenge = person.sees(push)
        challenge.on(ChallengeEvent.DigitsTyped(push.number.orEmpty()))
        challenge.on(ChallengeEvent.ApprovePressed)
        assertEquals("approved", push.ended(0).text("state"))
        challenge.awaits { it.phase is Phase.Ended }
        challenge.on(ChallengeEvent.DonePressed)
        person.root.awaits { it.challenge == null }
    }

    private fun World.approvesOn(swift: SwiftPhone) {
        val push = push("ada")
        val pending = swift.does("pending").getValue("challenges").jsonArray.single().jsonObject
        assertEquals(push.id to SERVICE, pending.text("id") to pending.text("service"))
        assertEquals("approved", swift.does("approve", "id" to push.id, "number" to push.number.orEmpty()).text("outcome"))
        assertEquals("approved", push.ended(0).text("state"))
    }

    @Test
    fun `an account and its codes move from the Android app to the iOS app and back`() = world {
        val kotlin = person("Android phone")
        val swift = SwiftPhone("iPhone")
        swift.use {
            kotlin.enrols(login, "ada")
            runBlocking { kotlin.phone.addCodes("otpauth://totp/One:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=One") }
            approvesOn(kotlin)

            kotlin.root.open(Route.MoveOld)
            val old = kotlin.at<MoveOldPresenter>(Route.MoveOld)
            old.awaits { it is MoveOldState.Warning && it.accounts > 0 }
            old.on(MoveOldEvent.StartPressed)
            val digits = swift.does("join", "qr" to old.awaitsA<MoveOldState.Qr>().text).text("code")
            assertEquals("iPhone", old.awaitsA<MoveOldState.Code>().otherPhone)
            old.on(MoveOldEvent.DigitsTyped(digits))
            old.on(MoveOldEvent.ConfirmPressed)
            val came = swift.line()
            assertEquals("done" to "1", came.text("stage") to came.text("moved"))
            old.awaitsA<MoveOldState.Ended>()
            old.on(MoveOldEvent.DeleteCodesPressed)
            old.awaits { it is MoveOldState.Ended && it.deleted == 1 }
            old.on(MoveOldEvent.ClosePressed)
            kotlin.root.awaits { it.shown == Route.Welcome }
            val codes = swift.does("codes").getValue("codes").jsonArray.single().jsonObject
            assertEquals("One", codes.text("issuer"))
            assertTrue(codes.text("code").matches(Regex("[0-9]{6}")))
            approvesOn(swift)

            val qr = swift.does("offer").text("qr")
            kotlin.pastes(qr)
            val new = kotlin.at<MoveNewPresenter>(Route.MoveNew(qr))
            val shown = new.awaitsA<MoveNewState.CodeShown>()
            assertEquals("Android phone", swift.line().text("joined"))
            val left = swift.does("confirm", "code" to shown.code)
            assertEquals("done" to "1", left.text("stage") to left.text("moved"))
            new.awaitsA<MoveNewState.Ended>()
            new.on(MoveNewEvent.ClosePressed)
            kotlin.root.awaits { it.shown == Route.Home }
            assertEquals(0, swift.does("accounts").getValue("accounts").jsonArray.size)
            approvesOn(kotlin)
        }
    }
}
