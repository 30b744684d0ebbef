// What the flavour with FCM names of Firebase's messaging.
@file:Suppress("UNUSED_PARAMETER", "unused")

package com.google.firebase.messaging

import android.app.Service
import android.content.Intent
import android.os.IBinder
import com.google.android.gms.tasks.Task

class RemoteMessage

class FirebaseMessaging private constructor() {
    val token: Task<String> get() = throw UnsupportedOperationException()

    companion object {
        @JvmStatic
        fun getInstance(): FirebaseMessaging = throw UnsupportedOperationException()
    }
}

open class FirebaseMessagingService : Service() {
    override fun onBind(intent: Intent): IBinder = throw UnsupportedOperationException()

    open fun onNewToken(token: String): Unit = throw UnsupportedOperationException()

    open fun onMessageReceived(message: RemoteMessage): Unit = throw UnsupportedOperationException()
}
