// The 32 bytes that open the vault: random, sealed by Android Keystore, never in a backup.
package nod.app.keys

import java.io.File
import java.security.SecureRandom

private const val SIZE = 32
private const val PURPOSE = "nod/vault/1"

/** Keeps the vault's key in `directory`, which no backup takes along. */
class VaultKey(private val seal: Seal, private val directory: File) {
    /**
     * The key, which is made where there is none. A sealed key that cannot be opened is an error and is left as it is:
     * a new one would not open the vault.
     */
    fun key(): ByteArray {
        val file = File(directory, "vault.key")
        readWhole(file)?.let { return seal.open(it, PURPOSE) }
        val key = ByteArray(SIZE).also { SecureRandom().nextBytes(it) }
        writeWhole(file, seal.seal(key, PURPOSE))
        return key
    }
}
