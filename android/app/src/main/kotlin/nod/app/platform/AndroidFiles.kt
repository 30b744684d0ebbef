// Saves and opens the file of a backup where the user says, through the system's own picker.
package nod.app.platform

import android.content.Context
import android.content.Intent
import java.io.IOException
import java.io.InputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import nod.logic.FilePort
import nod.logic.PhoneError
import nod.logic.PhoneFailure

private const val KIND = "application/octet-stream"

/** The largest file that is looked at, in bytes: a backup is far smaller. */
private const val LARGEST = 4 * 1024 * 1024

class AndroidFiles(private val context: Context, private val host: ActivityHost) : FilePort {
    override suspend fun save(name: String, bytes: ByteArray): Boolean {
        val intent = Intent(Intent.ACTION_CREATE_DOCUMENT)
            .addCategory(Intent.CATEGORY_OPENABLE)
            .setType(KIND)
            .putExtra(Intent.EXTRA_TITLE, name)
        val place = host.start(intent)?.data?.data ?: return false
        return withContext(Dispatchers.IO) {
            failing {
                val stream = context.contentResolver.openOutputStream(place, "wt") ?: throw IOException("no stream")
                stream.use { it.write(bytes) }
                true
            }
        }
    }

    override suspend fun open(): ByteArray? {
        val intent = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*")
        val place = host.start(intent)?.data?.data ?: return null
        return withContext(Dispatchers.IO) {
            failing {
                val stream = context.contentResolver.openInputStream(place) ?: throw IOException("no stream")
                stream.use(::limited)
            }
        }
    }

    private fun limited(stream: InputStream): ByteArray {
        val whole = stream.readUpTo(LARGEST + 1)
        if (whole.size > LARGEST) throw PhoneFailure(PhoneError.NotABackup)
        return whole
    }

    private inline fun <T> failing(step: () -> T): T =
        try {
            step()
        } catch (_: IOException) {
            throw PhoneFailure(PhoneError.Storage)
        } catch (_: SecurityException) {
            throw PhoneFailure(PhoneError.Storage)
        }
}

/** Up to `most` bytes; the platform's own of that kind is of Android 13. */
internal fun InputStream.readUpTo(most: Int): ByteArray {
    val whole = java.io.ByteArrayOutputStream()
    val part = ByteArray(8192)
    while (whole.size() < most) {
        val read = read(part, 0, minOf(part.size, most - whole.size()))
        if (read < 0) break
        whole.write(part, 0, read)
    }
    return whole.toByteArray()
}
