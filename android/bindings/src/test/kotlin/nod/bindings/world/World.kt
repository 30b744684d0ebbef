// A relay with a service, and people; all of it ends with the test.
package nod.bindings.world

import java.nio.file.Files
import java.nio.file.Path
import nod.logic.WakeTokens

/** The name of the service that every story is about. */
const val SERVICE = "Fjordbanken"

/** Its verified domain. */
const val DOMAIN = "fjordbanken.example"

class World(settings: Map<String, String> = emptyMap()) : AutoCloseable {
    private val dir: Path = Files.createTempDirectory("nod-story")
    private val opened = ArrayDeque<AutoCloseable>()
    var relay = Relay(dir.resolve("relay"), settings)
        private set
    val login: Login = relay.service(SERVICE, "--domain", DOMAIN)

    /** A person with a phone of that name, whom `wake` can wake up. */
    fun person(name: String = "Alice’s phone", wake: WakeTokens? = null): Person =
        Person(dir, name, wake).also(opened::addFirst)

    /** Starts a push that is ended with the test. */
    fun push(user: String, vararg arguments: String): Push = login.push(user, *arguments).also(opened::addFirst)

    /** Kills the relay. */
    fun killRelay() = relay.close()

    /** Starts it again over the same data, at the same address. */
    fun startRelay() {
        relay = relay.again()
    }

    override fun close() {
        opened.forEach(AutoCloseable::close)
        relay.close()
        dir.toFile().deleteRecursively()
    }
}

/** Tells a story in a world of its own. */
fun world(settings: Map<String, String> = emptyMap(), story: World.() -> Unit) = World(settings).use(story)
