// Runs the settings' effects.
package nod.logic.settings

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.VerifyReason
import nod.logic.words.Language

/** `lockChanged` and `languageChanged` tell the app at once. */
class SettingsPresenter(
    private val ports: Ports,
    private val navigator: Navigator,
    private val lockChanged: (Boolean) -> Unit,
    private val languageChanged: (Language?) -> Unit,
    scope: CoroutineScope,
) : Presenter<SettingsState, SettingsEvent, SettingsEffect>(SettingsState(), scope, ::reduce) {
    private val settings = ports.settings

    init {
        on(SettingsEvent.Opened)
    }

    override suspend fun run(effect: SettingsEffect) = when (effect) {
        SettingsEffect.Load -> call(SettingsEvent::FailedWith, { it }, ::load)
        is SettingsEffect.VerifyUser -> on(
            if (ports.user.verify(VerifyReason.Setting)) SettingsEvent.UserVerified(effect.on)
            else SettingsEvent.UserRefused,
        )
        is SettingsEffect.SetLock -> {
            settings.setLock(effect.on)
            lockChanged(effect.on)
        }
        is SettingsEffect.SetLanguage -> {
            settings.setLanguage(effect.language)
            languageChanged(effect.language)
        }
        is SettingsEffect.Open -> navigator.open(effect.route)
        SettingsEffect.Close -> navigator.leave()
    }

    private suspend fun load(): SettingsEvent = SettingsEvent.Loaded(
        lockOn = settings.lockOn(),
        lockAvailable = settings.lockAvailable(),
        language = settings.language(),
        codes = ports.phone.codes().size,
        version = settings.version,
    )
}
