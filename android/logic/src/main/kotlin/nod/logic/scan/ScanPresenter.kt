// Runs the scanner's effects.
package nod.logic.scan

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Ports
import nod.logic.Presenter

class ScanPresenter(private val ports: Ports, private val navigator: Navigator, paste: Boolean, scope: CoroutineScope) :
    Presenter<ScanState, ScanEvent, ScanEffect>(ScanState(), scope, ::reduce) {
    init {
        on(ScanEvent.Opened(paste))
    }

    override suspend fun run(effect: ScanEffect) = when (effect) {
        ScanEffect.AskCamera -> on(ScanEvent.CameraAnswered(ports.permissions.camera()))
        ScanEffect.OpenPhoneSettings -> ports.permissions.openPhoneSettings()
        is ScanEffect.Read ->
            call(ScanEvent::ReadFailed, { ScanEvent.ReadAs(effect.text, it) }) { ports.phone.scan(effect.text) }
        is ScanEffect.AddCodes ->
            call(ScanEvent::CodesFailed, ScanEvent::CodesAdded) { ports.phone.addCodes(effect.text) }
        is ScanEffect.Open -> navigator.open(effect.route)
        ScanEffect.Close -> navigator.leave()
    }
}
