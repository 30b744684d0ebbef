// Verifies the user for the app's own lock. It hides what is on the screen; what counts is guarded by the keys themselves,
// which verify by each use (nod.app.keys).
package nod.app.platform

import android.app.Activity
import android.app.KeyguardManager
import android.content.Intent
import android.hardware.biometrics.BiometricManager.Authenticators.BIOMETRIC_STRONG
import android.hardware.biometrics.BiometricManager.Authenticators.DEVICE_CREDENTIAL
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import kotlinx.coroutines.CompletableDeferred
import nod.app.OnScreen
import nod.app.PromptWords
import nod.logic.UserPort
import nod.logic.VerifyReason

/** `host` shows what only an activity can. */
class AndroidUser(
    private val onScreen: OnScreen,
    private val words: PromptWords,
    private val host: ActivityHost,
) : UserPort {
    override suspend fun verify(reason: VerifyReason): Boolean {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return byScreenLock(reason)
        val answer = CompletableDeferred<Boolean>()
        val withdrawn = CancellationSignal()
        onScreen.whileShown(
            shown = { prompt(it, reason, withdrawn, answer) },
            gone = {
                withdrawn.cancel()
                answer.complete(false)
            },
        ).use { return answer.await() }
    }

    private fun prompt(activity: Activity, reason: VerifyReason, withdrawn: CancellationSignal, answer: CompletableDeferred<Boolean>) {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return
        val told = object : BiometricPrompt.AuthenticationCallback() {
            override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult) {
                answer.complete(true)
            }

            override fun onAuthenticationError(code: Int, message: CharSequence) {
                answer.complete(false)
            }
        }
        BiometricPrompt.Builder(activity)
            .setTitle(words.title())
            .setSubtitle(words.reason(reason))
            .setAllowedAuthenticators(BIOMETRIC_STRONG or DEVICE_CREDENTIAL)
            .build()
            .authenticate(withdrawn, activity.mainExecutor, told)
    }

    /** Android 9 and 10 cannot offer both in one prompt; their screen lock takes the fingerprint where it can. */
    @Suppress("DEPRECATION")
    private suspend fun byScreenLock(reason: VerifyReason): Boolean {
        val keyguard = host.context.getSystemService(KeyguardManager::class.java)
        val intent: Intent = keyguard?.createConfirmDeviceCredentialIntent(words.title(), words.reason(reason)) ?: return false
        return host.start(intent)?.resultCode == Activity.RESULT_OK
    }
}
