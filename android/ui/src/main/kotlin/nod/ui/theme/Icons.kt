// The signs of Nod: strokes on a field of 24 units, the same as on its web pages.
package nod.ui.theme

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Icon
import androidx.compose.material3.LocalContentColor
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.StrokeJoin
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.graphics.vector.addPathNodes
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp

/** Every sign by name. */
object Signs {
    val check by sign("M5 12.5l4.5 4.5L19 7.5")
    val cross by sign("M6.5 6.5l11 11M17.5 6.5l-11 11")
    val alert by sign("M12 4L2.8 19.5h18.4zM12 10v4.5M12 17v.2")
    val info by sign("M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 11v5M12 7.8v.2")
    val clock by sign("M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 7v5l3.5 2")
    val phone by sign("M9 2.5h6a2.5 2.5 0 0 1 2.5 2.5v14a2.5 2.5 0 0 1-2.5 2.5H9A2.5 2.5 0 0 1 6.5 19V5A2.5 2.5 0 0 1 9 2.5zM10.5 18.5h3")
    val shield by sign("M12 3l7.5 2.8v5.4c0 4.6-3.1 8-7.5 9.8-4.4-1.8-7.5-5.2-7.5-9.8V5.8zM8.5 11.8l2.5 2.5 4.5-4.7")
    val place by sign("M12 21s-6.5-5.7-6.5-11a6.5 6.5 0 0 1 13 0c0 5.3-6.5 11-6.5 11zM9.7 10a2.3 2.3 0 1 0 4.6 0a2.3 2.3 0 1 0-4.6 0")
    val globe by sign("M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M3 12h18M12 3c5 5.5 5 12.5 0 18M12 3c-5 5.5-5 12.5 0 18")
    val screen by sign("M5 4.5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2zM8.5 20h7M12 16.5V20")
    val app by sign("M6 5h12a2.5 2.5 0 0 1 2.5 2.5v9A2.5 2.5 0 0 1 18 19H6a2.5 2.5 0 0 1-2.5-2.5v-9A2.5 2.5 0 0 1 6 5zM3.5 9.5h17M6.8 7.3h.2")
    val note by sign("M5 6.5h14M5 12h14M5 17.5h8")
    val address by sign("M4 9h16M4 15h16M10 4L8 20M16 4l-2 16")
    val camera by sign(
        "M4.5 7.5h3L9 5h6l1.5 2.5h3a1.5 1.5 0 0 1 1.5 1.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18V9a1.5 1.5 0 0 1 1.5-1.5z" +
            "M8.5 13a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
    )
    val copy by sign(
        "M10.5 8.5H18a2 2 0 0 1 2 2V18a2 2 0 0 1-2 2h-7.5a2 2 0 0 1-2-2v-7.5a2 2 0 0 1 2-2z" +
            "M15.5 8.5V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7.5a2 2 0 0 0 2 2h2.5",
    )
    val plus by sign("M12 5v14M5 12h14")
    val forward by sign("M9.5 5.5L16 12l-6.5 6.5")
    val back by sign("M14.5 5.5L8 12l6.5 6.5")
    val up by sign("M12 19.5v-15M5.5 11L12 4.5l6.5 6.5")
    val down by sign("M12 4.5v15M5.5 13l6.5 6.5 6.5-6.5")
    val unfold by sign("M5.5 9.5L12 16l6.5-6.5")
    val fold by sign("M5.5 14.5L12 8l6.5 6.5")
    val bin by sign("M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.3 10.5v5.5M13.7 10.5v5.5")
    val flag by sign("M6 21V4M6 4.5h11.5l-2.5 4 2.5 4H6")
    val key by sign("M4 14.5a4 4 0 1 0 8 0a4 4 0 1 0-8 0M11 11.5l8-8M15.5 7l3 3M13.3 9.2l1.7 1.7")
    val again by sign("M19.5 12a7.5 7.5 0 1 1-2.4-5.5M19.5 3.5v4h-4")
    val offline by sign(
        "M4 4l16 16M5 12.5a10 10 0 0 1 4-2.4M12.5 9.5a10 10 0 0 1 6.5 3M8.5 16a5 5 0 0 1 5-1M2.5 9a14 14 0 0 1 4-2.5" +
            "M10 5.2A14 14 0 0 1 21.5 9M12 19.5v.2",
    )
    val keypad by sign("M6 6h.2M12 6h.2M18 6h.2M6 12h.2M12 12h.2M18 12h.2M6 18h.2M12 18h.2M18 18h.2", 3.2f)
    val more by sign("M5.5 12h.2M12 12h.2M18.5 12h.2", 3f)
    val handover by sign(
        "M3.5 4.5h3A1.5 1.5 0 0 1 8 6v12a1.5 1.5 0 0 1-1.5 1.5h-3A1.5 1.5 0 0 1 2 18V6a1.5 1.5 0 0 1 1.5-1.5z" +
            "M17.5 4.5h3A1.5 1.5 0 0 1 22 6v12a1.5 1.5 0 0 1-1.5 1.5h-3A1.5 1.5 0 0 1 16 18V6a1.5 1.5 0 0 1 1.5-1.5z" +
            "M10 12h4M12.3 9.8l2.2 2.2-2.2 2.2",
    )
    val scan by sign(
        "M4 8.5V6a2 2 0 0 1 2-2h2.5M15.5 4H18a2 2 0 0 1 2 2v2.5M20 15.5V18a2 2 0 0 1-2 2h-2.5M8.5 20H6a2 2 0 0 1-2-2v-2.5" +
            "M8 8h3v3H8zM13 13h3v3h-3zM13.5 8.5h2M8.5 15h2",
    )
    val settings by sign("M4 7h9M19 7h1M4 17h1M11 17h9M13 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0M5 17a3 3 0 1 0 6 0a3 3 0 1 0-6 0")
    val lock by sign("M7 10.5h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2zM8 10.5V8a4 4 0 0 1 8 0v2.5M12 14.5v2")
    val bell by sign("M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 21h4")
    val file by sign("M7 3.5h6.5L19 9v9.5a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-13a2 2 0 0 1 2-2zM13.5 3.5V9H19")
    val save by sign("M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15")
    val restore by sign("M12 15.5V4.5M7 9l5-5 5 5M4.5 19.5h15")
    val language by sign("M4 6.5h9M8.5 4v2.5M11.5 6.5C10.5 11 8 13.5 4.5 15M6 9.5c1 2.5 3 4.5 5.5 5.5M12 20.5L16 11l4 9.5M13.5 17.5h5")

    /** Nod's own mark: a head that nods, on a square which the caller draws. */
    val mark: ImageVector by lazy(LazyThreadSafetyMode.PUBLICATION) {
        ImageVector.Builder(defaultWidth = 64.dp, defaultHeight = 64.dp, viewportWidth = 64f, viewportHeight = 64f)
            .addPath(addPathNodes("M15.5 19a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0z"), fill = SolidColor(Color.White))
            .addPath(
                addPathNodes("M14 35c2.5 9 8.5 13.5 15.5 11.5C38 44 45 33.5 50 21"),
                stroke = SolidColor(Color.White),
                strokeLineWidth = 7f,
                strokeLineCap = StrokeCap.Round,
            )
            .build()
    }
}

private fun sign(path: String, width: Float = 1.8f): Lazy<ImageVector> = lazy(LazyThreadSafetyMode.PUBLICATION) {
    ImageVector.Builder(defaultWidth = 24.dp, defaultHeight = 24.dp, viewportWidth = 24f, viewportHeight = 24f)
        .addPath(
            addPathNodes(path),
            stroke = SolidColor(Color.Black),
            strokeLineWidth = width,
            strokeLineCap = StrokeCap.Round,
            strokeLineJoin = StrokeJoin.Round,
        )
        .build()
}

/** How much signs grow with text: less than it does. */
private const val MOST = 1.5f

/** A sign beside words that say the same. What has no words beside it needs a `label`. It grows with text, up to a point. */
@Composable
fun Sign(
    sign: ImageVector,
    modifier: Modifier = Modifier,
    size: Dp = 20.dp,
    label: String? = null,
    tint: Color = LocalContentColor.current,
    grows: Boolean = true,
) {
    val scale = if (grows) LocalDensity.current.fontScale.coerceIn(1f, MOST) else 1f
    Icon(sign, contentDescription = label, modifier = modifier.size(size * scale), tint = tint)
}

/** A sign in front of a text that may have several lines: it stands in the middle of the first. */
@Composable
fun LineSign(sign: ImageVector, style: TextStyle, tint: Color = LocalContentColor.current, size: Dp = 20.dp) {
    val line = with(LocalDensity.current) { style.lineHeight.toDp() }
    Box(Modifier.height(line), contentAlignment = Alignment.Center) { Sign(sign, size = size, tint = tint) }
}
