// What the presenters need beside the phone: time, settings, the user, the clipboard, files.
package nod.logic

import kotlin.math.ceil
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.collectLatest
import nod.logic.root.Route
import nod.logic.words.Language

/** Time. No presenter and no `reduce` reads it elsewhere. */
interface Clock {
    /** Seconds of a clock that never jumps. */
    fun now(): Double

    /** Milliseconds since 1970, for the dates of past things only. */
    fun wall(): Long
}

private const val TICK_MS = 200L

/** How many whole seconds are left until `deadline`: 0 only when it is over. */
fun secondsLeft(deadline: Double, now: Double): Int = ceil(deadline - now).coerceAtLeast(0.0).toInt()

/** What the user has set. Kept by the platform. */
interface SettingsPort {
    suspend fun lockOn(): Boolean
    suspend fun setLock(on: Boolean)

    /** Whether this phone can verify the user at all. */
    suspend fun lockAvailable(): Boolean

    /** The language of the app; none for the phone's own. */
    suspend fun language(): Language?
    suspend fun setLanguage(language: Language?)

    /** The version of the app. */
    val version: String
}

/** Why the app itself asks who is there. */
enum class VerifyReason { Unlock, Setting, Export }

/** Verifies the user for the app's own lock and settings. Keys verify by themselves. */
fun interface UserPort {
    suspend fun verify(reason: VerifyReason): Boolean
}

/** Marks what it copies as sensitive, and clears it after 60 s. */
fun interface ClipboardPort {
    fun copy(code: String)
}

/** Saves and opens the file of a backup, where the user says. */
interface FilePort {
    /** Whether it was saved; false when the user chose no place. Throws [PhoneFailure] when it could not be written. */
    suspend fun save(name: String, bytes: ByteArray): Boolean

    /** The file's bytes; none when the user chose none. */
    suspend fun open(): ByteArray?
}

/** What the user lets the app do. */
interface PermissionPort {
    /** Asks for the camera where it has not been asked for. */
    suspend fun camera(): Boolean

    /** Whether notifications can be shown. */
    suspend fun notifications(): Boolean

    /** Asks for notifications, or opens the phone's settings where asking is no use any more. */
    suspend fun askNotifications(): Boolean

    /** Opens the phone's settings for this app. */
    fun openPhoneSettings()
}

/** Takes what a screen says about where to go. */
interface Navigator {
    fun open(route: Route)

    /** The screen is done with. */
    fun leave()
}

/** Everything that the presenters need. */
class Ports(
    val phone: PhonePort,
    val settings: SettingsPort,
    val user: UserPort,
    val clipboard: ClipboardPort,
    val files: FilePort,
    val permissions: PermissionPort,
    val clock: Clock,
    /** Whether the app is in the foreground: nothing counts down for nobody. */
    val awake: MutableStateFlow<Boolean> = MutableStateFlow(true),
)

/** The time, several times a second while the app is in the foreground, for what counts down. */
fun Ports.ticks(): Flow<Double> = clock.ticks(awake)

internal fun Clock.ticks(awake: Flow<Boolean>): Flow<Double> = channelFlow {
    awake.collectLatest {
        while (it) {
            send(now())
            delay(TICK_MS)
        }
    }
}
