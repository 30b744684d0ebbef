// Somebody with a phone in their hand: the real core, real presenters, keys in memory, and a memory of what was asked.
package nod.bindings.world

import java.nio.file.Path
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.LinkedBlockingQueue
import kotlin.test.assertEquals
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import nod.bindings.CorePhone
import nod.bindings.CoreSettings
import nod.logic.Clock
import nod.logic.CreatedKey
import nod.logic.FilePort
import nod.logic.KeyError
import nod.logic.KeyFailure
import nod.logic.KeyKind
import nod.logic.PermissionPort
import nod.logic.PlatformKeys
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.PromptReason
import nod.logic.SettingsPort
import nod.logic.UserPort
import nod.logic.VerifyReason
import nod.logic.WakeTokens
import nod.logic.challenge.ChallengePresenter
import nod.logic.challenge.ChallengeState
import nod.logic.enrol.EnrolEvent
import nod.logic.enrol.EnrolPresenter
import nod.logic.enrol.EnrolState
import nod.logic.root.Route
import nod.logic.root.Screens
import nod.logic.scan.ScanEvent
import nod.logic.scan.ScanPresenter
import nod.logic.words.Language
import uniffi.nod_ffi.KeyException
import uniffi.nod_ffi.KeyKind as CoreKind
import uniffi.nod_ffi.MemoryKeys
import uniffi.nod_ffi.PromptReason as CoreReason

/** Keys in memory that ask a user for each use of an `Approve` key, as a phone's do. */
class AskingKeys : PlatformKeys {
    private val keys = MemoryKeys()
    private val approving = CopyOnWriteArrayList<String>()

    /** What the user was asked, in order. */
    val prompts = CopyOnWriteArrayList<PromptReason>()

    /** Whether the user declines. */
    @Volatile
    var declines = false

    /** Whether the platform has made `Approve` keys unusable, as after a new fingerprint. */
    @Volatile
    var invalidated = false

    override fun create(name: String, kind: KeyKind, attestTo: ByteArray?): CreatedKey = told {
        if (kind == KeyKind.Approve) approving.add(name)
        CreatedKey(keys.create(name, CoreKind.valueOf(kind.name.uppercase())).publicKey, null)
    }

    override fun publicKey(name: String): ByteArray = told { keys.publicKey(name) }

    override fun sign(name: String, message: ByteArray, reason: PromptReason): ByteArray {
        if (name in approving) {
            prompts.add(reason)
            if (invalidated) throw KeyFailure(KeyError.Invalidated)
            if (declines) throw KeyFailure(KeyError.UserNotVerified)
        } else {
            assertEquals(PromptReason.Silent, reason, "only an approve key asks")
        }
        return told { keys.sign(name, message) }
    }

    override fun agree(name: String, peer: ByteArray): ByteArray = told { keys.agree(name, peer) }

    override fun delete(name: String) = keys.delete(name)

    override fun verifiesUser() = true

    override fun attests() = false

    private fun <T> told(call: () -> T): T =
        try {
            call()
        } catch (_: KeyException.Exists) {
            throw KeyFailure(KeyError.Exists)
        } catch (_: KeyException.Missing) {
            throw KeyFailure(KeyError.Missing)
        }
}

/** The platform of a person: their answers, their files, their clipboard. */
class Platform : SettingsPort, UserPort, FilePort, PermissionPort {
    @Volatile
    var lock = false

    @Volatile
    var chosen: Language? = null

    /** Whether they show that it is them when the app asks. */
    @Volatile
    var verifies = true

    @Volatile
    var file: ByteArray? = null

    val copied = LinkedBlockingQueue<String>()

    override suspend fun lockOn() = lock

    override suspend fun setLock(on: Boolean) {
        lock = on
    }

    override suspend fun lockAvailable() = true

    override suspend fun language() = chosen

    override suspend fun setLanguage(language: Language?) {
        chosen = language
    }

    override val version = "1.0"

    override suspend fun verify(reason: VerifyReason) = verifies

    override suspend fun save(name: String, bytes: ByteArray): Boolean {
        file = bytes
        return true
    }

    override suspend fun open() = file

    override suspend fun camera() = true

    override suspend fun notifications() = true

    override suspend fun askNotifications() = true

    override fun openPhoneSettings() = error("nothing here leads there")
}

/** The machine's clocks. */
object MachineClock : Clock {
    override fun now() = System.nanoTime() / 1e9

    override fun wall() = System.currentTimeMillis()
}

/** Waits for a state; says which one it was stuck in when it does not come. */
fun <S : Any> Presenter<S, *, *>.awaits(wanted: (S) -> Boolean): S = runBlocking {
    val found = withTimeoutOrNull(PATIENCE_S * 1000) { state.first(wanted) }
    checkNotNull(found) { "still ${state.value}" }
}

/** Waits for a state of that kind. */
inline fun <reified W : Any> Presenter<*, *, *>.awaitsA(): W = runBlocking {
    val found = withTimeoutOrNull(PATIENCE_S * 1000) { state.first { it is W } }
    checkNotNull(found) { "still ${state.value}" } as W
}

/** A person with a phone called `name`, which keeps its vault under `dir`. */
class Person(dir: Path, name: String, wake: WakeTokens? = null) : AutoCloseable {
    val keys = AskingKeys()
    val platform = Platform()
    private val scope = CoroutineScope(Dispatchers.Default + SupervisorJob())
    val phone: CorePhone = runBlocking {
        CorePhone.open(CoreSettings(dir.resolve(name).toString(), ByteArray(32) { 7 }, name, "Test phone"), keys, wake)
    }
    val screens = Screens(
        Ports(phone, platform, platform, { platform.copied.add(it) }, platform, platform, MachineClock),
        scope,
    ) { platform.chosen = it }
    val root get() = screens.root

    init {
        root.awaits { it.started }
    }

    /** Goes to a place, as a view does by drawing it, and gives its presenter. */
    inline fun <reified P : Presenter<*, *, *>> at(route: Route): P {
        root.awaits { it.shown == route }
        return screens.of(route) as P
    }

    /** Pastes a text into the scanner. */
    fun pastes(text: String): ScanPresenter {
        root.open(Route.Scan(paste = true))
        val scan = at<ScanPresenter>(Route.Scan(paste = true))
        scan.on(ScanEvent.TextChanged(text))
        scan.on(ScanEvent.SubmitPressed)
        return scan
    }

    /** Scans an enrolment and waits for the code to show. */
    fun scansEnrolment(qr: String): Pair<EnrolPresenter, EnrolState.Code> {
        pastes(qr)
        val enrol = at<EnrolPresenter>(Route.Enrol(qr))
        return enrol to enrol.awaitsA<EnrolState.Code>()
    }

    /** Becomes a user of the service, with the right code. */
    fun enrols(login: Login, user: String) {
        val made = login.run("enrol", user, "--label", "$user@example.org")
        val (enrol, shown) = scansEnrolment(made.text("qr"))
        login.run("confirm", made.text("enrolment_id"), shown.code)
        enrol.awaitsA<EnrolState.Added>()
        enrol.on(EnrolEvent.ClosePressed)
        root.awaits { it.shown == Route.Home }
    }

    /** Waits until that challenge is shown, and until its buttons take a press. */
    fun sees(push: Push): ChallengePresenter = seesChallenge(push.id)

    fun seesChallenge(id: String): ChallengePresenter {
        root.awaits { it.challenge == id }
        val shown = checkNotNull(screens.challenge()) { "the challenge is gone" }
        shown.awaits(ChallengeState::canAnswer)
        return shown
    }

    override fun close() {
        scope.cancel()
        runBlocking { phone.disconnect() }
        phone.close()
    }
}
