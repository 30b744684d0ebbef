// Everything that lives as long as the process, and how it hangs together.
package nod.app

import android.app.Application
import android.net.ConnectivityManager
import android.net.Network
import android.os.Build
import android.provider.Settings
import android.util.Log
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.ProviderException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import nod.app.keys.AndroidKeys
import nod.app.keys.KeyUser
import nod.app.keys.Seal
import nod.app.keys.VaultKey
import nod.app.notify.Notifications
import nod.app.notify.deny
import nod.app.notify.noticeOf
import nod.app.platform.ActivityHost
import nod.app.platform.AndroidClipboard
import nod.app.platform.AndroidClock
import nod.app.platform.AndroidFiles
import nod.app.platform.AndroidPermissions
import nod.app.platform.AndroidSettings
import nod.app.platform.AndroidUser
import nod.app.wake.UnifiedPush
import nod.app.wake.WakePort
import nod.app.wake.WakePorts
import nod.app.wake.WakeService
import nod.app.wake.platformWake
import nod.app.wake.wakeUp
import nod.bindings.CorePhone
import nod.bindings.CoreSettings
import nod.logic.LogLevel
import nod.logic.PhoneError
import nod.logic.PhoneEvent
import nod.logic.PhoneFailure
import nod.logic.PhonePort
import nod.logic.Ports

class Graph(private val app: Application) {
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    val onScreen = OnScreen()
    val settings: AndroidSettings = AndroidSettings(app) { keyUser }
    val host = ActivityHost(app)
    val notifications = Notifications(app) { settings.words() }
    val connection = Connection(scope)
    val unifiedPush by lazy { UnifiedPush(app, changed = ::wakeTokenChanged, woken = { WakeService.start(app) }) }

    /** FCM, in the flavour that has it. */
    val platformWake: WakePort? by lazy { platformWake(app, changed = ::wakeTokenChanged) }

    private val prompts = PromptWords { settings.words() }
    private val keyUser: KeyUser = KeyUser(app, onScreen, prompts)
    private val seal = Seal()
    private val wake by lazy { WakePorts(listOfNotNull(unifiedPush, platformWake)) }
    private val opening = Mutex()

    @Volatile
    private var open: CorePhone? = null

    // Only the main thread touches it.
    private var session: Session? = null

    /** What the process does from its first moment on. */
    fun begin() {
        app.registerActivityLifecycleCallbacks(onScreen)
        notifications.makeChannels()
        // FCM's library wants to be begun before anything reaches its service.
        platformWake
        followNetwork()
    }

    /** The phone, opened once. Throws [PhoneFailure] when its vault cannot be opened; the next call tries again. */
    suspend fun phone(): PhonePort = opening.withLock {
        open ?: withContext(Dispatchers.IO) { opened() }.also {
            open = it
            follow(it)
        }
    }

    /** What the presenters need. */
    private suspend fun ports() = Ports(
        phone = phone(),
        settings = settings,
        user = AndroidUser(onScreen, prompts, host),
        clipboard = AndroidClipboard(app),
        files = AndroidFiles(app, host),
        permissions = AndroidPermissions(app, host, notifications),
        clock = AndroidClock,
    )

    /** The presenters, made once the phone is open. On the main thread. */
    suspend fun session(): Session = withContext(Dispatchers.Main) {
        val ports = ports()
        session ?: Session(ports, this@Graph).also {
            session = it
            wake.begin()
        }
    }

    /** The phone was woken up. */
    suspend fun wokenUp() {
        val phone = phoneOrNone() ?: return
        wakeUp(phone, connection)
    }

    /** The user denies from a notification. */
    suspend fun denied(challenge: String) {
        val phone = phoneOrNone() ?: return
        connection.during(phone) {
            notifications.remove(challenge)
            val said = deny(phone, challenge, settings.words())
            said?.let { notifications.say(challenge, it) }
        }
    }

    /** The app is not seen any more: what still waits is shown as notifications. */
    fun left() {
        open?.pending()?.forEach { notifications.show(noticeOf(it, settings.words())) }
    }

    /** The app is seen: what waits is shown by itself. */
    fun seen() = notifications.shown().forEach(notifications::remove)

    private suspend fun phoneOrNone(): PhonePort? =
        try {
            phone()
        } catch (_: PhoneFailure) {
            null
        }

    private suspend fun opened(): CorePhone {
        // The first call loads the core, which takes a moment: not on the main thread.
        CorePhone.logTo(::logged, LogLevel.Info)
        val directory = app.noBackupFilesDir
        val key = try {
            VaultKey(seal, directory).key()
        } catch (failed: GeneralSecurityException) {
            throw notOpened(failed)
        } catch (failed: ProviderException) {
            throw notOpened(failed)
        } catch (failed: IOException) {
            throw notOpened(failed)
        }
        val made = CoreSettings(directory.resolve("vault").path, key, deviceName(), deviceModel())
        try {
            return CorePhone.open(made, AndroidKeys(app, keyUser, seal), wake)
        } finally {
            key.fill(0)
        }
    }

    private fun notOpened(failed: Exception): PhoneFailure {
        Log.e("nod", "the vault's key cannot be had: ${failed.javaClass.name}")
        return PhoneFailure(PhoneError.KeyStoreUnavailable)
    }

    private fun follow(phone: PhonePort) {
        val events = phone.events()
        scope.launch { events.collect { happened(phone, it) } }
    }

    private suspend fun happened(phone: PhonePort, event: PhoneEvent) {
        when (event) {
            is PhoneEvent.Challenge -> if (!onScreen.visible.value) {
                phone.pending().firstOrNull { it.id == event.id }?.let { notifications.show(noticeOf(it, settings.words())) }
            }
            is PhoneEvent.ChallengeGone -> notifications.remove(event.id)
            is PhoneEvent.Decided -> notifications.remove(event.id)
            is PhoneEvent.AccountRemoved, PhoneEvent.Missed -> looked(phone)
            else -> Unit
        }
    }

    /** Takes away what belongs to nothing any more. */
    private suspend fun looked(phone: PhonePort) {
        val waiting = phone.pending().map { it.id }.toSet()
        notifications.shown().filter { it !in waiting }.forEach(notifications::remove)
        try {
            unifiedPush.keep(phone.accounts().map { it.relay }.toSet())
        } catch (_: PhoneFailure) {
            return
        }
    }

    private fun wakeTokenChanged() {
        open?.wakeTokenChanged()
    }

    private fun followNetwork() {
        val callback = object : ConnectivityManager.NetworkCallback() {
            override fun onAvailable(network: Network) {
                open?.let { phone -> scope.launch { connection.retry(phone) } }
            }
        }
        app.getSystemService(ConnectivityManager::class.java)?.registerDefaultNetworkCallback(callback)
    }

    // What the user calls the phone, where the system says so; the model otherwise.
    private fun deviceName(): String =
        shownName(Settings.Global.getString(app.contentResolver, Settings.Global.DEVICE_NAME), Build.MODEL)

    private fun deviceModel(): String = shownName("${Build.MANUFACTURER} ${Build.MODEL}", Build.MODEL)
}

private fun logged(level: LogLevel, target: String, message: String) {
    when (level) {
        LogLevel.Error -> Log.e(target, message)
        LogLevel.Warning -> Log.w(target, message)
        LogLevel.Info -> Log.i(target, message)
        LogLevel.Debug -> Log.d(target, message)
    }
}
