// The QR code that is shown is one that is read.
package nod.app.scan

import kotlin.test.Test
import kotlin.test.assertEquals

private const val TEXT =
    "nod:1/m?h=relay.example%3A8443&i=AAECAwQFBgcICQoLDA0ODw&p=BPp1q4x2M2cGxQx0b6Jt0mJ4xg2g0m1m2m3m4m5m6m7mBPp1q4x2M2cGxQx0b6Jt0mJ4xg2g0m1m2m3m4m5m6m7&s=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

class ZxingWriterTest {
    @Test
    fun `what is written is read`() {
        val modules = ZxingWriter.modules(TEXT)
        val (scale, quiet) = 5 to 4
        val side = (modules.side + 2 * quiet) * scale
        val picture = ByteArray(side * side) { at ->
            val (x, y) = (at % side) / scale - quiet to (at / side) / scale - quiet
            val inside = x in 0 until modules.side && y in 0 until modules.side
            if (inside && modules.isDark(x, y)) 10 else 240.toByte()
        }
        assertEquals(TEXT, QrReader().read(picture, side, side, side))
    }
}
