// How a picture of the camera is chosen, and how it lies in the view.
package nod.app.scan

import kotlin.math.max

/** A size in pixels. */
data class Size(val width: Int, val height: Int) {
    val area: Int get() = width * height
}

/** Pictures of about this many pixels show a QR code at arm's length and are read in a few milliseconds. */
private const val WANTED = 1280 * 720

/** The size that is used of those that the camera has: the smallest that is large enough, else the largest. */
fun chosenSize(sizes: List<Size>): Size? =
    sizes.filter { it.area >= WANTED }.minByOrNull { it.area } ?: sizes.maxByOrNull { it.area }

/** How the picture is stretched in the view, beside the turning: it fills the view, and what does not fit is cut off. */
data class Fit(val scaleX: Float, val scaleY: Float, val degrees: Float)

/**
 * A view stretches the picture to its own shape, turned as the phone is naturally held. This undoes the stretching and turns it by
 * how the phone is held: `quarters` of a circle from its natural position.
 */
fun fit(view: Size, picture: Size, sensorDegrees: Int, quarters: Int): Fit {
    val lying = sensorDegrees % 180 == 0
    val width = (if (lying) picture.width else picture.height).toFloat()
    val height = (if (lying) picture.height else picture.width).toFloat()
    val turned = quarters % 2 == 1
    // The side of the view that the picture's width comes to lie along.
    val along = (if (turned) view.height else view.width).toFloat()
    val across = (if (turned) view.width else view.height).toFloat()
    val scale = max(along / width, across / height)
    return Fit(width * scale / view.width, height * scale / view.height, degrees = (-90 * quarters).toFloat())
}
