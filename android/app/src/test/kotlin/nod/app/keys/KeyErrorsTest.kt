// What Keystore and its prompt report, as the core knows it.
package nod.app.keys

import android.hardware.biometrics.BiometricPrompt
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.UserNotAuthenticatedException
import java.security.InvalidKeyException
import java.security.ProviderException
import java.security.SignatureException
import java.security.UnrecoverableKeyException
import kotlin.test.Test
import kotlin.test.assertEquals
import nod.logic.KeyError

class KeyErrorsTest {
    @Test
    fun `a key that a new fingerprint ended can no longer be used`() {
        assertEquals(KeyError.Invalidated, keyError(KeyPermanentlyInvalidatedException()))
        val wrapped = UnrecoverableKeyException().apply { initCause(KeyPermanentlyInvalidatedException()) }
        assertEquals(KeyError.Invalidated, keyError(wrapped))
    }

    @Test
    fun `a key without its user was not verified`() {
        assertEquals(KeyError.UserNotVerified, keyError(UserNotAuthenticatedException()))
    }

    @Test
    fun `anything else is a store that does not answer`() {
        val others = listOf(InvalidKeyException(), UnrecoverableKeyException(), SignatureException(), ProviderException())
        others.forEach { assertEquals(KeyError.Unavailable, keyError(it)) }
    }

    @Test
    fun `who declines, waits too long or fails too often was not verified`() {
        val left = listOf(
            BiometricPrompt.BIOMETRIC_ERROR_CANCELED,
            BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED,
            BiometricPrompt.BIOMETRIC_ERROR_TIMEOUT,
            BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT,
            BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT,
        )
        left.forEach { assertEquals(KeyError.UserNotVerified, promptError(it)) }
        assertEquals(KeyError.Unavailable, promptError(BiometricPrompt.BIOMETRIC_ERROR_HW_UNAVAILABLE))
    }
}
