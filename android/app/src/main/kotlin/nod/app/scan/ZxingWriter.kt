// The QR code of a move, by the same library that reads them.
package nod.app.scan

import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel
import com.google.zxing.qrcode.encoder.Encoder
import nod.ui.components.QrModules
import nod.ui.components.QrWriter

/** Medium error correction: large modules, and a reflection on the glass does not matter. */
object ZxingWriter : QrWriter {
    override fun modules(text: String): QrModules {
        val matrix = Encoder.encode(text, ErrorCorrectionLevel.M).matrix
        val side = matrix.width
        return QrModules(side, BooleanArray(side * side) { matrix[it % side, it / side].toInt() == 1 })
    }
}
