// Finds a QR code in one picture of the camera.
package nod.app.scan

import com.google.zxing.BinaryBitmap
import com.google.zxing.DecodeHintType
import com.google.zxing.LuminanceSource
import com.google.zxing.PlanarYUVLuminanceSource
import com.google.zxing.ReaderException
import com.google.zxing.common.HybridBinarizer
import com.google.zxing.qrcode.QRCodeReader

/** Reads QR codes and nothing else. Not for several threads at once. */
class QrReader {
    private val reader = QRCodeReader()
    private val hints = mapOf(DecodeHintType.TRY_HARDER to true)

    /**
     * The text of a QR code in the picture, or none. `luminance` is the Y plane, `rowStride` bytes a row, of which the first
     * `width` are the picture. Dark codes on a bright ground and, for screens in dark mode, bright ones on a dark ground.
     */
    fun read(luminance: ByteArray, rowStride: Int, width: Int, height: Int): String? {
        val source = PlanarYUVLuminanceSource(luminance, rowStride, height, 0, 0, width, height, false)
        return find(source) ?: find(source.invert())
    }

    private fun find(source: LuminanceSource): String? =
        try {
            reader.decode(BinaryBitmap(HybridBinarizer(source)), hints).text
        } catch (_: ReaderException) {
            null
        } finally {
            reader.reset()
        }
}
