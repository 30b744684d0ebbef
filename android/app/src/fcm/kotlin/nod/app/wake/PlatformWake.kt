// The flavour with FCM: one project, that of whoever builds the app, and the relays that name it.
package nod.app.wake

import android.content.Context
import com.google.firebase.FirebaseApp
import com.google.firebase.FirebaseOptions
import com.google.firebase.messaging.FirebaseMessaging
import com.google.firebase.messaging.FirebaseMessagingService
import com.google.firebase.messaging.RemoteMessage
import java.util.concurrent.atomic.AtomicReference
import nod.app.BuildConfig
import nod.logic.WakeChoice
import nod.logic.WakeToken

/** FCM, where the build names a project. */
fun platformWake(context: Context, changed: () -> Unit): WakePort? =
    if (BuildConfig.FCM_PROJECT.isEmpty()) null else Fcm(context, changed)

/** The token that is known by now, and who is told of another one. */
private val known = AtomicReference<String?>()
private val listener = AtomicReference<() -> Unit>()

private class Fcm(private val context: Context, changed: () -> Unit) : WakePort {
    init {
        listener.set(changed)
    }

    override fun begin() {
        val options = FirebaseOptions.Builder()
            .setProjectId(BuildConfig.FCM_PROJECT)
            .setApplicationId(BuildConfig.FCM_APPLICATION)
            .setApiKey(BuildConfig.FCM_API_KEY)
            .setGcmSenderId(BuildConfig.FCM_SENDER)
            .build()
        FirebaseApp.initializeApp(context, options)
        FirebaseMessaging.getInstance().token.addOnSuccessListener(::learnt)
    }

    override fun token(choice: WakeChoice): WakeToken? =
        if (choice.fcm == BuildConfig.FCM_PROJECT) known.get()?.let(WakeToken::Fcm) else null
}

private fun learnt(token: String) {
    if (known.getAndSet(token) != token) listener.get()?.invoke()
}

/** Takes what FCM says. A message wakes the phone up; what it holds is not read. */
class FcmService : FirebaseMessagingService() {
    override fun onNewToken(token: String) = learnt(token)

    override fun onMessageReceived(message: RemoteMessage) = WakeService.start(this)
}
