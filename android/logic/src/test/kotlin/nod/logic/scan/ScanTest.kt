// The scanner's rules, and those of a text from another app.
package nod.logic.scan

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.logic.AddedCodes
import nod.logic.PhoneError
import nod.logic.Scanned
import nod.logic.confirm.ConfirmEffect
import nod.logic.confirm.ConfirmEvent
import nod.logic.confirm.ConfirmState
import nod.logic.confirm.reduce
import nod.logic.does
import nod.logic.gives
import nod.logic.root.Route

class ScanTest {
    private val camera = ScanState(camera = CameraState.Allowed)

    private fun ScanState.after(vararg events: ScanEvent): ScanState =
        events.fold(this) { state, event -> reduce(state, event).state }

    @Test
    fun `the camera is asked for only where it is wanted`() {
        reduce(ScanState(), ScanEvent.Opened(paste = false)).does(ScanEffect.AskCamera)
        assertEquals(ScanMode.Paste, reduce(ScanState(), ScanEvent.Opened(paste = true)).does().mode)
        assertEquals(CameraState.Refused, ScanState().after(ScanEvent.CameraAnswered(false)).camera)
        reduce(camera, ScanEvent.ModeChosen(ScanMode.Camera)).does()
    }

    @Test
    fun `the same text is read once while it stays before the camera`() {
        val reading = reduce(camera, ScanEvent.Found("nod:1/e?x")).does(ScanEffect.Read("nod:1/e?x"))
        reduce(reading, ScanEvent.Found("nod:1/e?y")).does()
        val refused = reading.after(ScanEvent.ReadFailed(PhoneError.DamagedText))
        reduce(refused, ScanEvent.Found("nod:1/e?x")).gives(refused)
        reduce(refused, ScanEvent.Found("nod:1/e?y")).does(ScanEffect.Read("nod:1/e?y"))
    }

    @Test
    fun `a pasted text is read when it is sent and as often as it is sent`() {
        reduce(ScanState(mode = ScanMode.Paste), ScanEvent.SubmitPressed).does()
        val pasted = ScanState(mode = ScanMode.Paste).after(ScanEvent.TextChanged("otpauth://x"))
        val failed = pasted.after(ScanEvent.SubmitPressed, ScanEvent.ReadFailed(PhoneError.UnknownText))
        assertEquals<PhoneError?>(PhoneError.UnknownText, failed.error)
        assertEquals(null, failed.after(ScanEvent.TextChanged("otpauth://y")).error)
        reduce(failed, ScanEvent.SubmitPressed).does(ScanEffect.Read("otpauth://x"))
    }

    @Test
    fun `each kind of text leads where it belongs`() {
        fun read(scanned: Scanned) = reduce(camera.after(ScanEvent.Found("t")), ScanEvent.ReadAs("t", scanned))
        read(Scanned.Enrolment("r")).does(ScanEffect.Open(Route.Enrol("t")))
        read(Scanned.Move("r")).does(ScanEffect.Open(Route.MoveNew("t")))
        read(Scanned.Code("One", "ada")).does(ScanEffect.AddCodes("t"))
        read(Scanned.Export(3, 1, 2)).does(ScanEffect.AddCodes("t"))
    }

    @Test
    fun `after a part of an export the camera stays on for the others`() {
        val first = camera.after(ScanEvent.Found("t"), ScanEvent.CodesAdded(AddedCodes(3, 0, 0, 1, 2)))
        assertTrue(first.wantsMore && !first.busy)
        reduce(first, ScanEvent.Found("u")).does(ScanEffect.Read("u"))
        assertFalse(camera.after(ScanEvent.CodesAdded(AddedCodes(1, 0, 0, 1, 1))).wantsMore)
    }

    @Test
    fun `what was read is not in a description`() {
        val state = camera.after(ScanEvent.TextChanged("hush"), ScanEvent.Found("hush"))
        val texts = listOf(state, ScanEvent.Found("hush"), ScanEffect.Read("hush"), ScanEffect.Open(Route.Enrol("hush")))
        assertFalse(texts.any { "hush" in it.toString() })
    }

    @Test
    fun `a text from another app does nothing before the user says so`() {
        val opened = ConfirmState("hush")
        reduce(opened, ConfirmEvent.Opened).does(ConfirmEffect.Read)
        reduce(opened, ConfirmEvent.ContinuePressed).gives(opened)
        val enrolment = reduce(opened, ConfirmEvent.ReadAs(Scanned.Enrolment("r"))).does()
        reduce(enrolment, ConfirmEvent.ContinuePressed).does(ConfirmEffect.Open(Route.Enrol("hush")))
        reduce(enrolment, ConfirmEvent.CancelPressed).does(ConfirmEffect.Close)
        val code = reduce(opened, ConfirmEvent.ReadAs(Scanned.Code("One", ""))).does()
        val adding = reduce(code, ConfirmEvent.ContinuePressed).does(ConfirmEffect.AddCodes)
        reduce(adding, ConfirmEvent.ContinuePressed).gives(adding)
        reduce(adding, ConfirmEvent.CodesAdded).does(ConfirmEffect.Close)
        assertFalse("hush" in code.toString())
    }
}
