// Asks the user before a key is used: the system's prompt opens the very signature that Keystore is about to make.
package nod.app.keys

import android.app.Activity
import android.app.KeyguardManager
import android.app.admin.DevicePolicyManager
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricManager.Authenticators.BIOMETRIC_STRONG
import android.hardware.biometrics.BiometricManager.Authenticators.DEVICE_CREDENTIAL
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import android.os.Looper
import java.security.Signature
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import nod.app.OnScreen
import nod.app.PromptWords
import nod.logic.KeyError
import nod.logic.KeyFailure
import nod.logic.PromptReason

/** How long a prompt stays before it is taken away, in seconds: longer than any challenge that has just come. */
private const val PATIENCE_S = 120L

/** The user in front of the phone, through the system's own prompt. */
class KeyUser(
    private val context: Context,
    private val onScreen: OnScreen,
    private val words: PromptWords,
) {
    private val turn = Any()

    /**
     * Asks the user, and gives back the signature that the system has opened. Blocks: never to be called from the main
     * thread. Prompts come one after another.
     */
    fun unlock(signature: Signature, guard: Guard, reason: PromptReason): Signature {
        check(Looper.myLooper() != Looper.getMainLooper()) { "the main thread shows the prompt and must not wait for it" }
        return synchronized(turn) {
            val answer = CompletableFuture<Signature>()
            val withdrawn = CancellationSignal()
            onScreen.whileShown(
                shown = { activity -> show(activity, signature, guard, reason, withdrawn, answer) },
                gone = {
                    withdrawn.cancel()
                    answer.completeExceptionally(KeyFailure(KeyError.UserNotVerified))
                },
            ).use { waited(answer, withdrawn) }
        }
    }

    /** Whether a fingerprint or face of class 3 is enrolled and works. */
    fun hasStrongBiometric(): Boolean = when {
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.R ->
            context.getSystemService(BiometricManager::class.java)?.canAuthenticate(BIOMETRIC_STRONG) == BiometricManager.BIOMETRIC_SUCCESS
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q -> {
            @Suppress("DEPRECATION")
            context.getSystemService(BiometricManager::class.java)?.canAuthenticate() == BiometricManager.BIOMETRIC_SUCCESS
        }
        else -> hasFingerprint()
    }

    /** Whether there is a PIN, pattern or password. */
    fun hasScreenLock(): Boolean = context.getSystemService(KeyguardManager::class.java)?.isDeviceSecure == true

    /** Leads the user to where the screen lock is set, and on Android 9 and 10 the fingerprint. */
    fun askForLock() = onScreen.run { activity ->
        val where = if (hasScreenLock()) android.provider.Settings.ACTION_SECURITY_SETTINGS else DevicePolicyManager.ACTION_SET_NEW_PASSWORD
        try {
            activity.startActivity(Intent(where))
        } catch (_: android.content.ActivityNotFoundException) {
            // The error on the screen has to do.
        }
    }

    private fun show(
        activity: Activity,
        signature: Signature,
        guard: Guard,
        reason: PromptReason,
        withdrawn: CancellationSignal,
        answer: CompletableFuture<Signature>,
    ) {
        val prompt = BiometricPrompt.Builder(activity).setTitle(words.title()).setSubtitle(words.reason(reason))
        if (guard == Guard.Credential && Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            prompt.setAllowedAuthenticators(DEVICE_CREDENTIAL)
        } else {
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) prompt.setAllowedAuthenticators(BIOMETRIC_STRONG)
            prompt.setNegativeButton(words.cancel(), activity.mainExecutor) { _, _ ->
                answer.completeExceptionally(KeyFailure(KeyError.UserNotVerified))
            }
        }
        val told = object : BiometricPrompt.AuthenticationCallback() {
            override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult) {
                val opened = result.cryptoObject?.signature
                if (opened == null) {
                    answer.completeExceptionally(KeyFailure(KeyError.Unavailable))
                } else {
                    answer.complete(opened)
                }
            }

            override fun onAuthenticationError(code: Int, message: CharSequence) {
                answer.completeExceptionally(KeyFailure(promptError(code)))
            }
        }
        prompt.build().authenticate(BiometricPrompt.CryptoObject(signature), withdrawn, activity.mainExecutor, told)
    }

    private fun waited(answer: CompletableFuture<Signature>, withdrawn: CancellationSignal): Signature =
        try {
            answer.get(PATIENCE_S, TimeUnit.SECONDS)
        } catch (failed: ExecutionException) {
            throw failed.cause ?: failed
        } catch (_: TimeoutException) {
            withdrawn.cancel()
            throw KeyFailure(KeyError.UserNotVerified)
        } catch (_: InterruptedException) {
            withdrawn.cancel()
            Thread.currentThread().interrupt()
            throw KeyFailure(KeyError.UserNotVerified)
        }

    @Suppress("DEPRECATION") // Android 9 has nothing else to ask.
    private fun hasFingerprint(): Boolean =
        context.packageManager.hasSystemFeature(PackageManager.FEATURE_FINGERPRINT) &&
            context.getSystemService(android.hardware.fingerprint.FingerprintManager::class.java)
                ?.hasEnrolledFingerprints() == true
}

/** What an error of the prompt means for the core. */
internal fun promptError(code: Int): KeyError = when (code) {
    BiometricPrompt.BIOMETRIC_ERROR_HW_UNAVAILABLE,
    BiometricPrompt.BIOMETRIC_ERROR_UNABLE_TO_PROCESS,
    BiometricPrompt.BIOMETRIC_ERROR_NO_SPACE,
    BiometricPrompt.BIOMETRIC_ERROR_VENDOR,
    -> KeyError.Unavailable
    // Cancelled, declined, timed out, locked out after five attempts, or nothing enrolled any more.
    else -> KeyError.UserNotVerified
}
