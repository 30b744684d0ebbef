// The core's keys in Android Keystore: in a StrongBox or the trusted environment, where no byte of them comes out.
package nod.app.keys

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyInfo
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.InvalidAlgorithmParameterException
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.ProviderException
import java.security.Signature
import java.security.UnrecoverableKeyException
import java.security.interfaces.ECPublicKey
import javax.crypto.KeyAgreement
import nod.logic.CreatedKey
import nod.logic.KeyError
import nod.logic.KeyFailure
import nod.logic.KeyKind
import nod.logic.PlatformKeys
import nod.logic.PromptReason

/** Keys of Android Keystore. `user` is asked before each use of an approve key. */
class AndroidKeys(
    private val context: Context,
    private val user: KeyUser,
    seal: Seal,
) : PlatformKeys {
    private val store = KeyStore.getInstance(KEYSTORE).apply { load(null) }
    private val sealed = SealedKeys(seal, context.noBackupFilesDir.resolve("keys"))

    override fun create(name: String, kind: KeyKind, attestTo: ByteArray?): CreatedKey = told {
        if (store.containsAlias(name) || sealed.has(name)) throw KeyFailure(KeyError.Exists)
        when (val plan = keyPlan(kind, house(context, user), attested = attestTo != null)) {
            is KeyPlan.Keystore -> generate(name, plan, attestTo)
            KeyPlan.Sealed -> CreatedKey(sealed.create(name), null)
            KeyPlan.NeedsLock -> throw needsLock()
        }
    }

    override fun publicKey(name: String): ByteArray = told {
        sealed.publicKey(name) ?: pointInStore(name)
    }

    override fun sign(name: String, message: ByteArray, reason: PromptReason): ByteArray = told {
        val key = privateKey(name)
        val signature = Signature.getInstance("SHA256withECDSA").apply { initSign(key) }
        // What signs is the signature that came back from the prompt: without the user, Keystore does not finish it.
        val open = when (val guard = guardOf(key)) {
            Guard.None -> signature
            else -> user.unlock(signature, guard, reason)
        }
        open.update(message)
        open.sign()
    }

    override fun agree(name: String, peer: ByteArray): ByteArray = told {
        sealed.agree(name, peer) ?: run {
            val agreement = KeyAgreement.getInstance("ECDH", KEYSTORE)
            agreement.init(privateKey(name))
            agreement.doPhase(keyOf(peer), true)
            agreement.generateSecret()
        }
    }

    override fun delete(name: String) = told {
        sealed.delete(name)
        store.deleteEntry(name)
    }

    override fun verifiesUser(): Boolean = true

    override fun attests(): Boolean = true

    private fun generate(name: String, plan: KeyPlan.Keystore, attestTo: ByteArray?): CreatedKey {
        val attempts = plan.attempts()
        for ((index, attempt) in attempts.withIndex()) {
            try {
                val generator = KeyPairGenerator.getInstance("EC", KEYSTORE)
                generator.initialize(keystoreSpec(name, attempt, attestTo))
                val pair = generator.generateKeyPair()
                return CreatedKey(pointOf(pair.public as ECPublicKey), if (attempt.attested) attestation(name) else null)
            } catch (refused: ProviderException) {
                // No StrongBox for this key, or no attestation: the next attempt asks for less.
                store.deleteEntry(name)
                if (index == attempts.lastIndex) throw refused
            } catch (_: InvalidAlgorithmParameterException) {
                // The screen lock or the last fingerprint went while the key was being made.
                throw needsLock()
            }
        }
        throw KeyFailure(KeyError.Unavailable)
    }

    private fun needsLock(): KeyFailure {
        user.askForLock()
        return KeyFailure(KeyError.UserNotVerified)
    }

    private fun attestation(name: String): String? =
        store.getCertificateChain(name)?.map { it.encoded }?.let(::attestationOf)

    private fun pointInStore(name: String): ByteArray {
        val certificate = store.getCertificate(name) ?: throw KeyFailure(KeyError.Missing)
        return pointOf(certificate.publicKey as ECPublicKey)
    }

    private fun privateKey(name: String): PrivateKey =
        store.getKey(name, null) as PrivateKey? ?: throw KeyFailure(KeyError.Missing)

    private fun guardOf(key: PrivateKey): Guard {
        val info = KeyFactory.getInstance(key.algorithm, KEYSTORE).getKeySpec(key, KeyInfo::class.java)
        return when {
            !info.isUserAuthenticationRequired -> Guard.None
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.R &&
                info.userAuthenticationType == KeyProperties.AUTH_DEVICE_CREDENTIAL -> Guard.Credential
            else -> Guard.Biometric
        }
    }
}

/** What this phone has for keys, as it stands now. */
internal fun house(context: Context, user: KeyUser) = KeyHouse(
    api = Build.VERSION.SDK_INT,
    strongBox = context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE),
    strongBiometric = user.hasStrongBiometric(),
    screenLock = user.hasScreenLock(),
)

/** What Keystore throws as what the core knows. */
internal fun keyError(failure: Exception): KeyError = when {
    failure is KeyPermanentlyInvalidatedException -> KeyError.Invalidated
    // From Android 12 on a key that has ended may already refuse to be looked up.
    failure is UnrecoverableKeyException && failure.cause is KeyPermanentlyInvalidatedException -> KeyError.Invalidated
    failure is UserNotAuthenticatedException -> KeyError.UserNotVerified
    else -> KeyError.Unavailable
}

private inline fun <T> told(step: () -> T): T =
    try {
        step()
    } catch (failed: GeneralSecurityException) {
        throw KeyFailure(keyError(failed))
    } catch (failed: ProviderException) {
        throw KeyFailure(keyError(failed))
    } catch (failed: IllegalArgumentException) {
        throw KeyFailure(keyError(failed))
    } catch (failed: IOException) {
        throw KeyFailure(keyError(failed))
    }
