// Scans a QR code, or takes its text.
package nod.ui

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.Path
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.drawscope.Stroke
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import nod.logic.AddedCodes
import nod.logic.scan.CameraState
import nod.logic.scan.ScanEvent
import nod.logic.scan.ScanMode
import nod.logic.scan.ScanState
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.Busy
import nod.ui.components.Explanation
import nod.ui.components.Field
import nod.ui.components.FieldKind
import nod.ui.components.MainButton
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Page
import nod.ui.components.QuietButton
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.theme.Gap
import nod.ui.theme.Signs

/** `camera` draws what the camera sees and sends what it reads; it is there only while the camera may be used. */
@Composable
fun ScanScreen(state: ScanState, words: Words, on: (ScanEvent) -> Unit, camera: @Composable (Modifier) -> Unit) {
    Page(
        words[Word.SCAN_TITLE],
        back = Back(words[Word.BACK]) { on(ScanEvent.DonePressed) },
        foot = { Choices(state, words, on) },
    ) {
        if (state.added == null && state.error == null) Explanation(words[Word.SCAN_LEAD])
        state.added?.let { Added(it, words) }
        Trouble(state.error?.let(words::error))
        when (state.mode) {
            ScanMode.Camera -> CameraPart(state, words, camera)
            ScanMode.Paste -> Field(
                words[Word.SCAN_TEXT],
                state.text,
                { on(ScanEvent.TextChanged(it)) },
                kind = FieldKind.Code,
                hint = words[Word.SCAN_TEXT_HINT],
                lines = 4,
            )
        }
        if (state.busy) Busy(words[Word.SCAN_READING])
    }
}

@Composable
private fun ColumnScope.CameraPart(state: ScanState, words: Words, camera: @Composable (Modifier) -> Unit) {
    if (state.camera == CameraState.Refused) {
        Notice(words[Word.SCAN_CAMERA_REFUSED], Tone.Warn, sign = Signs.camera)
        return
    }
    Column(
        Modifier.fillMaxWidth(),
        horizontalAlignment = Alignment.CenterHorizontally,
        verticalArrangement = Arrangement.spacedBy(Gap.m),
    ) {
        val label = words[Word.SCAN_CAMERA_VIEW]
        Box(
            Modifier.widthIn(max = 420.dp).fillMaxWidth().aspectRatio(1f).clip(MaterialTheme.shapes.large)
                .background(Color(0xFF10141A)).semantics { contentDescription = label },
        ) {
            if (state.camera == CameraState.Allowed) camera(Modifier.fillMaxSize())
            FrameCorners(Modifier.fillMaxSize().padding(40.dp))
        }
        Explanation(words[Word.SCAN_CAMERA_HOLD], align = TextAlign.Center)
    }
}

/** Four corners between which the QR code is to be held. */
@Composable
private fun FrameCorners(modifier: Modifier) {
    Canvas(modifier) {
        val arm = size.width / 6
        val round = 18.dp.toPx()
        val stroke = Stroke(4.dp.toPx(), cap = StrokeCap.Round)
        for ((x, y) in listOf(1f to 1f, -1f to 1f, 1f to -1f, -1f to -1f)) {
            val corner = Offset(if (x > 0) 0f else size.width, if (y > 0) 0f else size.height)
            val path = Path().apply {
                moveTo(corner.x, corner.y + y * arm)
                lineTo(corner.x, corner.y + y * round)
                quadraticBezierTo(corner.x, corner.y, corner.x + x * round, corner.y)
                lineTo(corner.x + x * arm, corner.y)
            }
            drawPath(path, Color.White, style = stroke)
        }
    }
}

@Composable
private fun Added(added: AddedCodes, words: Words) {
    val parts = listOfNotNull(
        words.count(Plural.SCAN_ADDED, added.added),
        words.count(Plural.SCAN_KNOWN, added.known).takeIf { added.known > 0 },
        words.count(Plural.SCAN_SKIPPED, added.skipped).takeIf { added.skipped > 0 },
        words.text(Word.SCAN_PART, "part" to added.part, "parts" to added.parts).takeIf { added.parts > 1 },
    )
    Notice(parts.joinToString(" "), if (added.skipped > 0) Tone.Warn else Tone.Good)
}

@Composable
private fun Choices(state: ScanState, words: Words, on: (ScanEvent) -> Unit) {
    if (state.added != null) MainButton(words[Word.DONE]) { on(ScanEvent.DonePressed) }
    when (state.mode) {
        ScanMode.Camera -> {
            if (state.camera == CameraState.Refused) {
                MainButton(words[Word.SCAN_CAMERA_SETTINGS]) { on(ScanEvent.PhoneSettingsPressed) }
            }
            OtherButton(words[Word.SCAN_PASTE], Signs.note, enabled = !state.busy) { on(ScanEvent.ModeChosen(ScanMode.Paste)) }
        }
        ScanMode.Paste -> {
            if (state.added == null || state.text.isNotEmpty()) {
                MainButton(words[Word.CONTINUE], enabled = state.canSubmit) { on(ScanEvent.SubmitPressed) }
            }
            OtherButton(words[Word.SCAN_CAMERA], Signs.scan, enabled = !state.busy) { on(ScanEvent.ModeChosen(ScanMode.Camera)) }
        }
    }
    QuietButton(words[Word.SCAN_TYPED], enabled = !state.busy) { on(ScanEvent.TypedPressed) }
}
