// What each kind of key may do in Android Keystore, as a description that can be tested without one.
package nod.app.keys

import nod.logic.KeyKind

/** What this phone has, as far as keys depend on it. */
data class KeyHouse(
    /** The API level. */
    val api: Int,
    /** Whether there is a StrongBox: a chip of its own for keys. */
    val strongBox: Boolean,
    /** Whether a fingerprint or face of class 3 is enrolled. */
    val strongBiometric: Boolean,
    /** Whether there is a PIN, pattern or password. */
    val screenLock: Boolean,
)

/** What the user shows before each use of a key. */
enum class Guard {
    None,

    /** A fingerprint or face of class 3, one of those that were enrolled when the key was made. */
    Biometric,

    /** The PIN, pattern or password. */
    Credential,
}

/** What a key may be used for. */
enum class KeyWork { Sign, Agree }

/** How one key is made. */
sealed interface KeyPlan {
    /** In Android Keystore. */
    data class Keystore(
        val work: KeyWork,
        val guard: Guard,
        /** Whether the StrongBox is tried before the trusted environment. */
        val strongBox: Boolean,
        /** Whether the key is of use only while the phone is unlocked. */
        val unlockedOnly: Boolean,
        /** Whether an attestation is asked for. */
        val attested: Boolean,
    ) : KeyPlan {
        /** Whether a newly enrolled fingerprint or face ends the key. */
        val endsWithNewBiometric: Boolean get() = guard == Guard.Biometric

        /** The same with less, from most wanted to least: what this phone's hardware refuses is left out. */
        fun attempts(): List<Keystore> = listOf(
            this,
            copy(strongBox = false),
            copy(strongBox = false, attested = false),
        ).distinct()
    }

    /** In software, sealed by a key of Android Keystore. */
    data object Sealed : KeyPlan

    /** Not at all, before the user has set a screen lock or, on Android 9 and 10, enrolled a fingerprint. */
    data object NeedsLock : KeyPlan
}

/**
 * How a key of this kind is made on this phone.
 *
 * An approve key takes a biometric **or** the screen lock, never both: Android ends a key with a newly enrolled fingerprint
 * only where nothing but biometrics opens it, and whoever knows the PIN could enrol a finger of his own.
 */
fun keyPlan(kind: KeyKind, house: KeyHouse, attested: Boolean): KeyPlan = when (kind) {
    KeyKind.Approve -> approveGuard(house)?.let {
        KeyPlan.Keystore(KeyWork.Sign, it, house.strongBox, unlockedOnly = true, attested = attested)
    } ?: KeyPlan.NeedsLock

    // In the trusted environment: a StrongBox takes up to half a second for each use, and these are used in a hurry.
    // They work on a locked phone too, so that a wake-up can be followed and a denial sent.
    KeyKind.Deny, KeyKind.Channel ->
        KeyPlan.Keystore(KeyWork.Sign, Guard.None, strongBox = false, unlockedOnly = false, attested = false)

    KeyKind.Enc ->
        if (house.api >= AGREES_FROM) {
            KeyPlan.Keystore(KeyWork.Agree, Guard.None, strongBox = false, unlockedOnly = false, attested = false)
        } else {
            KeyPlan.Sealed
        }
}

/** Android 12: Keystore knows key agreement from here on. */
const val AGREES_FROM = 31

/** Android 11: the screen lock can guard each use of a key from here on. */
const val CREDENTIAL_FROM = 30

private fun approveGuard(house: KeyHouse): Guard? = when {
    house.strongBiometric -> Guard.Biometric
    house.screenLock && house.api >= CREDENTIAL_FROM -> Guard.Credential
    else -> null
}
