// The flavour with FCM: one project, that of whoever builds the app, and the relays that name it.
package nod.app.wake

import android.content.Context
import com.google.firebase.FirebaseApp
import com.google.firebase.FirebaseOptions
import com.google.firebase.messaging.FirebaseMessaging
import com.google.firebase.messaging.FirebaseMessagingService
import com.google.firebase.messaging.RemoteMessage
import java.io.File
import nod.app.BuildConfig
import nod.app.graph
import nod.app.keys.readWhole
import nod.app.keys.writeWhole
import nod.logic.WakeChoice
import nod.logic.WakeToken

/** FCM, where the build names a project. */
fun platformWake(context: Context, changed: () -> Unit): WakePort? =
    if (BuildConfig.FCM_PROJECT.isEmpty()) null else Fcm(context, changed)

/** The token outlives the process: one that is still being asked for must not look like none. */
class Fcm(context: Context, private val changed: () -> Unit) : WakePort {
    private val file = File(context.noBackupFilesDir, "fcm")

    @Volatile
    private var known: String? = readWhole(file)?.decodeToString()

    init {
        val options = FirebaseOptions.Builder()
            .setProjectId(BuildConfig.FCM_PROJECT)
            .setApplicationId(BuildConfig.FCM_APPLICATION)
            .setApiKey(BuildConfig.FCM_API_KEY)
            .setGcmSenderId(BuildConfig.FCM_SENDER)
            .build()
        FirebaseApp.initializeApp(context, options)
    }

    override fun begin() {
        FirebaseMessaging.getInstance().token.addOnSuccessListener(::learn)
    }

    override fun token(choice: WakeChoice): WakeToken? =
        if (choice.fcm == BuildConfig.FCM_PROJECT) known?.let(WakeToken::Fcm) else null

    /** FCM has this token for the app now. */
    fun learn(token: String) {
        if (token == known) return
        known = token
        writeWhole(file, token.toByteArray())
        changed()
    }
}

/** Takes what FCM says. A message wakes the phone up; what it holds is not read. */
class FcmService : FirebaseMessagingService() {
    override fun onNewToken(token: String) {
        (graph.platformWake as? Fcm)?.learn(token)
    }

    override fun onMessageReceived(message: RemoteMessage) = WakeService.start(this)
}
