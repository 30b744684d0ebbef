// Seals small secrets with a key of Android Keystore that never leaves it, and keeps them where no backup goes.
package nod.app.keys

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.util.AtomicFile
import java.io.File
import java.io.FileNotFoundException
import java.security.KeyStore
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val NAME = "nod.seal"
private const val TRANSFORMATION = "AES/GCM/NoPadding"
private const val IV = 12
private const val TAG_BITS = 128

/**
 * AES-256-GCM under one key of Android Keystore. The key asks for nobody: what it opens is needed when the phone is woken
 * up while it lies locked on a table.
 */
class Seal {
    /** Seals `secret`; `purpose` is bound to it, so that one sealed file does not pass for another. */
    @Synchronized
    fun seal(secret: ByteArray, purpose: String): ByteArray {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        // Keystore chooses the nonce itself.
        cipher.init(Cipher.ENCRYPT_MODE, existing() ?: made())
        cipher.updateAAD(purpose.toByteArray())
        return cipher.iv + cipher.doFinal(secret)
    }

    /** Opens what [seal] gave for the same purpose; throws a [java.security.GeneralSecurityException] otherwise. */
    fun open(sealed: ByteArray, purpose: String): ByteArray {
        val key = existing() ?: throw java.security.KeyException("the key that seals is gone")
        val cipher = Cipher.getInstance(TRANSFORMATION)
        if (sealed.size < IV) throw javax.crypto.AEADBadTagException("cut")
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, sealed, 0, IV))
        cipher.updateAAD(purpose.toByteArray())
        return cipher.doFinal(sealed, IV, sealed.size - IV)
    }

    private fun existing(): SecretKey? =
        KeyStore.getInstance(KEYSTORE).apply { load(null) }.getKey(NAME, null) as SecretKey?

    private fun made(): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(NAME, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(256)
            .build()
        return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, KEYSTORE).apply { init(spec) }.generateKey()
    }
}

/** Android Keystore, as a provider is named. */
internal const val KEYSTORE = "AndroidKeyStore"

/** The file's bytes, or none where there is no file. */
internal fun readWhole(file: File): ByteArray? =
    try {
        AtomicFile(file).readFully()
    } catch (_: FileNotFoundException) {
        null
    }

/** Replaces the file: durable when this returns, whole or not at all. */
internal fun writeWhole(file: File, bytes: ByteArray) {
    file.parentFile?.mkdirs()
    val atomic = AtomicFile(file)
    val stream = atomic.startWrite()
    try {
        stream.write(bytes)
        atomic.finishWrite(stream)
    } catch (failed: java.io.IOException) {
        atomic.failWrite(stream)
        throw failed
    }
}
