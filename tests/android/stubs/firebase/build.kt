// What Gradle generates for the flavour with FCM.
package nod.app

object BuildConfig {
    const val FCM_PROJECT: String = ""
    const val FCM_APPLICATION: String = ""
    const val FCM_API_KEY: String = ""
    const val FCM_SENDER: String = ""
}
