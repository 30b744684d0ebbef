// Pictures side by side on one sheet.
package nod.screens

import org.jetbrains.skia.Color
import org.jetbrains.skia.EncodedImageFormat
import org.jetbrains.skia.Image
import org.jetbrains.skia.Paint
import org.jetbrains.skia.Rect
import org.jetbrains.skia.SamplingMode
import org.jetbrains.skia.Surface

private const val GAP = 16f

fun png(image: Image): ByteArray = checkNotNull(image.encodeToData(EncodedImageFormat.PNG)).bytes

/** A smaller picture of the same. */
fun reduced(image: Image, width: Int): Image {
    val height = image.height * width / image.width
    val surface = Surface.makeRasterN32Premul(width, height)
    val whole = Rect.makeWH(image.width.toFloat(), image.height.toFloat())
    surface.canvas.drawImageRect(image, whole, Rect.makeWH(width.toFloat(), height.toFloat()), SamplingMode.MITCHELL, Paint(), true)
    return surface.makeImageSnapshot()
}

/** The pictures, each `width` pixels wide, in so many columns. */
fun sheet(pictures: List<Image>, columns: Int, width: Int): ByteArray {
    val rows = pictures.chunked(columns).map { row -> row to row.maxOf { it.height * width / it.width } }
    val total = rows.sumOf { it.second } + GAP * (rows.size + 1)
    val surface = Surface.makeRasterN32Premul((columns * width + GAP * (columns + 1)).toInt(), total.toInt())
    surface.canvas.clear(Color.makeRGB(128, 132, 138))
    var y = GAP
    for ((row, height) in rows) {
        row.forEachIndexed { index, image ->
            val place = Rect.makeXYWH(GAP + index * (width + GAP), y, width.toFloat(), image.height * width.toFloat() / image.width)
            surface.canvas.drawImageRect(image, Rect.makeWH(image.width.toFloat(), image.height.toFloat()), place, SamplingMode.MITCHELL, Paint(), true)
        }
        y += height + GAP
    }
    return png(surface.makeImageSnapshot())
}
