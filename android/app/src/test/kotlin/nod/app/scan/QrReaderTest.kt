// Reading QR codes out of pictures as a camera gives them.
package nod.app.scan

import com.google.zxing.BarcodeFormat
import com.google.zxing.MultiFormatWriter
import kotlin.random.Random
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull

private const val TEXT =
    "nod:1/e?h=relay.example&i=AAECAwQFBgcICQoLDA0ODw&s=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8&k=Kp1q4x2M2cGxQx0b6Jt0mJ4xg2g0m1m2m3m4m5m6m7m"

class QrReaderTest {
    private val width = 640
    private val height = 480

    /** A picture with rows longer than it is wide, as cameras give them; `turned` lies on its side. */
    private fun picture(stride: Int, format: BarcodeFormat = BarcodeFormat.QR_CODE, invert: Boolean = false, turned: Boolean = false): ByteArray {
        val code = MultiFormatWriter().encode(TEXT.take(if (format == BarcodeFormat.QR_CODE) TEXT.length else 20), format, 400, 400)
        val noise = Random(7)
        val bytes = ByteArray(stride * height) { if (invert) 20 else 200.toByte() }
        for (y in 0 until 400) {
            for (x in 0 until 400) {
                val dark = (if (turned) code[y, 399 - x] else code[x, y]) != invert
                bytes[(y + 40) * stride + x + 120] = ((if (dark) 40 else 200) + noise.nextInt(20)).toByte()
            }
        }
        return bytes
    }

    @Test
    fun `a code is read, whichever way it lies and however long the rows are`() {
        for (stride in listOf(width, width + 64)) {
            for (turned in listOf(false, true)) {
                assertEquals(TEXT, QrReader().read(picture(stride, turned = turned), stride, width, height))
            }
        }
    }

    @Test
    fun `a code on a dark ground is read too`() {
        assertEquals(TEXT, QrReader().read(picture(width, invert = true), width, width, height))
    }

    @Test
    fun `one reader reads picture after picture`() {
        val reader = QrReader()
        assertNull(reader.read(ByteArray(width * height), width, width, height))
        assertEquals(TEXT, reader.read(picture(width), width, width, height))
        assertNull(reader.read(ByteArray(width * height) { 127 }, width, width, height))
        assertEquals(TEXT, reader.read(picture(width), width, width, height))
    }

    @Test
    fun `another kind of code is none`() {
        assertNull(QrReader().read(picture(width, BarcodeFormat.AZTEC), width, width, height))
    }
}
