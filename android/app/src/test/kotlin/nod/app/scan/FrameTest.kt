// How the camera's picture is chosen and laid into its view.
package nod.app.scan

import kotlin.math.abs
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

class FrameTest {
    @Test
    fun `the smallest picture that is large enough is used, else the largest`() {
        val sizes = listOf(Size(640, 480), Size(1280, 720), Size(1920, 1080), Size(4000, 3000))
        assertEquals(Size(1280, 720), chosenSize(sizes.shuffled()))
        assertEquals(Size(640, 480), chosenSize(listOf(Size(320, 240), Size(640, 480))))
        assertNull(chosenSize(emptyList()))
    }

    @Test
    fun `the picture keeps its shape and fills the view, however the phone is held`() {
        val picture = Size(1280, 720)
        for (view in listOf(Size(900, 900), Size(1080, 1920), Size(1920, 1080))) {
            for (sensor in listOf(0, 90, 180, 270)) {
                for (quarters in 0..3) {
                    val fit = fit(view, picture, sensor, quarters)
                    // The view draws the picture as large as itself; scaled, it has the shape of the picture held upright.
                    val (wide, high) = fit.scaleX * view.width to fit.scaleY * view.height
                    val upright = if (sensor % 180 == 0) 1280f / 720f else 720f / 1280f
                    assertTrue(abs(wide / high - upright) < 0.001f, "$view $sensor $quarters")
                    val (across, down) = if (quarters % 2 == 0) wide to high else high to wide
                    assertTrue(across > view.width - 0.5f && down > view.height - 0.5f, "$view $sensor $quarters")
                }
            }
        }
    }

    @Test
    fun `a phone on its side turns the picture back`() {
        assertEquals(listOf(0f, -90f, -180f, -270f), (0..3).map { fit(Size(1, 1), Size(4, 3), 90, it).degrees })
    }
}
