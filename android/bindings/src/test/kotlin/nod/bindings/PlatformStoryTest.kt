// What the core asks of the platform and tells it: where the phone is woken up, and what goes into the log.
package nod.bindings

import java.util.Base64
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import nod.bindings.world.PATIENCE_S
import nod.bindings.world.SERVICE
import nod.bindings.world.awaits
import nod.bindings.world.world
import nod.logic.LogLevel
import nod.logic.LogSink
import nod.logic.WakeChoice
import nod.logic.WakeToken
import nod.logic.challenge.ChallengeEvent
import nod.logic.challenge.Phase
import nod.logic.root.RootEvent

class PlatformStoryTest {
    private val webPush = mapOf("NOD_WAKE_WEB_PUSH_SUBJECT" to "mailto:operator@example.org")

    @Test
    fun `a relay that can wake the phone up asks where, with its own key`() {
        val asked = LinkedBlockingQueue<WakeChoice>()
        world(webPush) {
            val alice = person(wake = {
                asked.add(it)
                null
            })
            alice.enrols(login, "alice")
            val choice = assertNotNull(asked.poll(PATIENCE_S, TimeUnit.SECONDS))
            assertTrue(choice.relay.endsWith(relay.address), choice.relay)
            assertEquals(65, Base64.getUrlDecoder().decode(choice.webPush).size)
            assertEquals(null, choice.fcm)
            // A new token is told at once.
            asked.clear()
            alice.phone.wakeTokenChanged()
            assertNotNull(asked.poll(PATIENCE_S, TimeUnit.SECONDS))
        }
    }

    @Test
    fun `no secret and no name is in what the core says`() {
        val lines = CopyOnWriteArrayList<String>()
        val said = LinkedBlockingQueue<String>()
        val sink = LogSink { level, target, message ->
            lines.add("$level $target $message")
            said.add(message)
        }
        assertTrue(CorePhone.logTo(sink, LogLevel.Debug))
        assertFalse(CorePhone.logTo({ _, _, _ -> error("only the first sink counts") }, LogLevel.Debug))
        val secrets = ArrayList<String>()
        world(webPush) {
            val canary = WakeToken.WebPush("https://canary.example/endpoint", "canary-p256dh", "canary-auth")
            val alice = person("Canary phone", wake = { canary })
            alice.enrols(login, "canary-user")
            // The token cannot be used, and that is worth a line.
            assertNotNull(said.poll(PATIENCE_S, TimeUnit.SECONDS))
            val push = push("canary-user", "--application", "Canary mail")
            val challenge = alice.sees(push)
            challenge.on(ChallengeEvent.DigitsTyped(push.wrongNumber))
            challenge.on(ChallengeEvent.ApprovePressed)
            challenge.awaits { it.phase is Phase.Ended }
            secrets += listOf(push.id, login.key)
            killRelay()
            alice.root.on(RootEvent.CameToForeground(0.0))
        }
        val words = secrets + listOf("canary", SERVICE, "nod:1/")
        val leaks = lines.filter { line -> words.any { line.contains(it, ignoreCase = true) } }
        assertEquals(emptyList(), leaks)
        assertTrue(lines.isNotEmpty())
    }
}
