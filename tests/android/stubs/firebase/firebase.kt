// What the flavour with FCM names of Firebase.
@file:Suppress("UNUSED_PARAMETER", "unused")

package com.google.firebase

import android.content.Context

class FirebaseOptions private constructor() {
    class Builder {
        fun setProjectId(id: String?): Builder = this

        fun setApplicationId(id: String): Builder = this

        fun setApiKey(key: String): Builder = this

        fun setGcmSenderId(id: String?): Builder = this

        fun build(): FirebaseOptions = throw UnsupportedOperationException()
    }
}

class FirebaseApp private constructor() {
    companion object {
        @JvmStatic
        fun initializeApp(context: Context, options: FirebaseOptions): FirebaseApp = throw UnsupportedOperationException()
    }
}
