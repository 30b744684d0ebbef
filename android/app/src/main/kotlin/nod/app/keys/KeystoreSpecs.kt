// A key's plan as the parameters that Android Keystore takes.
package nod.app.keys

import android.annotation.SuppressLint
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import java.security.spec.ECGenParameterSpec

/** The parameters for the key that `plan` describes; `attestTo` is what an attestation covers. */
@SuppressLint("InlinedApi") // KeyWork.Agree is planned from Android 12 on.
internal fun keystoreSpec(name: String, plan: KeyPlan.Keystore, attestTo: ByteArray?): KeyGenParameterSpec {
    val purpose = when (plan.work) {
        KeyWork.Sign -> KeyProperties.PURPOSE_SIGN
        KeyWork.Agree -> KeyProperties.PURPOSE_AGREE_KEY
    }
    val spec = KeyGenParameterSpec.Builder(name, purpose)
        .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
        .setIsStrongBoxBacked(plan.strongBox)
        .setUnlockedDeviceRequired(plan.unlockedOnly)
    if (plan.work == KeyWork.Sign) spec.setDigests(KeyProperties.DIGEST_SHA256)
    if (plan.attested) spec.setAttestationChallenge(attestTo)
    if (plan.guard != Guard.None) guard(spec, plan)
    return spec.build()
}

/** Each use of the key asks for the user: the time-out is nought. */
private fun guard(spec: KeyGenParameterSpec.Builder, plan: KeyPlan.Keystore) {
    spec.setUserAuthenticationRequired(true)
    spec.setInvalidatedByBiometricEnrollment(plan.endsWithNewBiometric)
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
        spec.setUserAuthenticationParameters(
            0,
            when (plan.guard) {
                Guard.Credential -> KeyProperties.AUTH_DEVICE_CREDENTIAL
                Guard.Biometric, Guard.None -> KeyProperties.AUTH_BIOMETRIC_STRONG
            },
        )
    }
    // Before Android 11 "each use" is what a key without a time-out has, and it means biometrics.
}
