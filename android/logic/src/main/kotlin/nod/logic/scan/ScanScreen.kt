// Scans or takes a text, says what is wrong with it, and goes where it leads.
package nod.logic.scan

import nod.logic.AddedCodes
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.Scanned
import nod.logic.root.Route
import nod.logic.then

enum class ScanMode { Camera, Paste }

enum class CameraState { Unknown, Allowed, Refused }

data class ScanState(
    val mode: ScanMode = ScanMode.Camera,
    val camera: CameraState = CameraState.Unknown,
    /** What is typed or pasted. */
    val text: String = "",
    /** The text that was read last: it is read once while it stays before the camera. */
    val read: String? = null,
    val busy: Boolean = false,
    val error: PhoneError? = null,
    /** What came of the codes that were read. */
    val added: AddedCodes? = null,
) {
    /** Whether the pasted text can be read now. */
    val canSubmit: Boolean get() = !busy && text.isNotBlank()

    /** Whether the camera looks for another part of an export. */
    val wantsMore: Boolean get() = added != null && added.parts > 1

    override fun toString() = "ScanState(mode=$mode, camera=$camera, busy=$busy, error=$error, added=$added)"
}

sealed interface ScanEvent {
    data class Opened(val paste: Boolean) : ScanEvent
    data class CameraAnswered(val allowed: Boolean) : ScanEvent

    /** The camera sees this text. */
    data class Found(val text: String) : ScanEvent {
        override fun toString() = "Found"
    }

    data class ModeChosen(val mode: ScanMode) : ScanEvent
    data class TextChanged(val text: String) : ScanEvent {
        override fun toString() = "TextChanged"
    }

    data object SubmitPressed : ScanEvent
    data class ReadAs(val text: String, val scanned: Scanned) : ScanEvent {
        override fun toString() = "ReadAs"
    }

    data class ReadFailed(val error: PhoneError) : ScanEvent
    data class CodesAdded(val added: AddedCodes) : ScanEvent
    data class CodesFailed(val error: PhoneError) : ScanEvent

    /** A one-time code is typed by hand instead. */
    data object TypedPressed : ScanEvent
    data object PhoneSettingsPressed : ScanEvent
    data object DonePressed : ScanEvent
}

sealed interface ScanEffect {
    data object AskCamera : ScanEffect
    data object OpenPhoneSettings : ScanEffect
    data class Read(val text: String) : ScanEffect {
        override fun toString() = "Read"
    }

    data class AddCodes(val text: String) : ScanEffect {
        override fun toString() = "AddCodes"
    }

    data class Open(val route: Route) : ScanEffect
    data object Close : ScanEffect
}

/** What follows an event. */
fun reduce(state: ScanState, event: ScanEvent): Next<ScanState, ScanEffect> = when (event) {
    is ScanEvent.Opened -> chosen(state, if (event.paste) ScanMode.Paste else ScanMode.Camera)
    is ScanEvent.CameraAnswered ->
        state.copy(camera = if (event.allowed) CameraState.Allowed else CameraState.Refused).then()
    is ScanEvent.Found ->
        if (state.busy || state.mode != ScanMode.Camera || event.text == state.read) state.then()
        else read(state, event.text)
    is ScanEvent.ModeChosen -> chosen(state.copy(error = null), event.mode)
    is ScanEvent.TextChanged -> state.copy(text = event.text, error = null).then()
    ScanEvent.SubmitPressed -> if (state.canSubmit) read(state, state.text) else state.then()
    is ScanEvent.ReadAs -> leads(state, event)
    is ScanEvent.ReadFailed -> state.copy(busy = false, error = event.error).then()
    is ScanEvent.CodesAdded -> state.copy(busy = false, text = "", added = event.added).then()
    is ScanEvent.CodesFailed -> state.copy(busy = false, error = event.error).then()
    ScanEvent.TypedPressed -> state.then(ScanEffect.Open(Route.AddCode))
    ScanEvent.PhoneSettingsPressed -> state.then(ScanEffect.OpenPhoneSettings)
    ScanEvent.DonePressed -> state.then(ScanEffect.Close)
}

private fun chosen(state: ScanState, mode: ScanMode): Next<ScanState, ScanEffect> {
    val chosen = state.copy(mode = mode)
    val ask = mode == ScanMode.Camera && state.camera != CameraState.Allowed
    return if (ask) chosen.then(ScanEffect.AskCamera) else chosen.then()
}

private fun read(state: ScanState, text: String): Next<ScanState, ScanEffect> =
    state.copy(read = text, busy = true, error = null, added = null).then(ScanEffect.Read(text))

private fun leads(state: ScanState, event: ScanEvent.ReadAs): Next<ScanState, ScanEffect> = when (event.scanned) {
    is Scanned.Enrolment -> state.copy(busy = false).then(ScanEffect.Open(Route.Enrol(event.text)))
    is Scanned.Move -> state.copy(busy = false).then(ScanEffect.Open(Route.MoveNew(event.text)))
    is Scanned.Code, is Scanned.Export -> state.then(ScanEffect.AddCodes(event.text))
}
