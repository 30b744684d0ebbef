// The app's settings.
package nod.logic.settings

import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.root.BackupMode
import nod.logic.root.Route
import nod.logic.then
import nod.logic.words.Language

data class SettingsState(
    val lockOn: Boolean = false,
    /** Whether this phone can verify the user at all. */
    val lockAvailable: Boolean = false,
    /** None is the phone's own. */
    val language: Language? = null,
    /** How many one-time codes there are. */
    val codes: Int = 0,
    val version: String = "",
    /** Whether the user is being verified for the lock. */
    val busy: Boolean = false,
    val error: PhoneError? = null,
) {
    /** A backup of nothing is not offered. */
    val canExport: Boolean get() = codes > 0
}

sealed interface SettingsEvent {
    data object Opened : SettingsEvent
    data class Loaded(
        val lockOn: Boolean,
        val lockAvailable: Boolean,
        val language: Language?,
        val codes: Int,
        val version: String,
    ) : SettingsEvent

    data class LockToggled(val on: Boolean) : SettingsEvent

    /** The user was verified for turning the lock on or off. */
    data class UserVerified(val on: Boolean) : SettingsEvent
    data object UserRefused : SettingsEvent
    data class LanguageChosen(val language: Language?) : SettingsEvent
    data object ExportPressed : SettingsEvent
    data object RestorePressed : SettingsEvent
    data object MovePressed : SettingsEvent
    data object LicencesPressed : SettingsEvent
    data object HistoryPressed : SettingsEvent
    data class FailedWith(val error: PhoneError) : SettingsEvent
    data object BackPressed : SettingsEvent
}

sealed interface SettingsEffect {
    data object Load : SettingsEffect
    data class VerifyUser(val on: Boolean) : SettingsEffect
    data class SetLock(val on: Boolean) : SettingsEffect
    data class SetLanguage(val language: Language?) : SettingsEffect
    data class Open(val route: Route) : SettingsEffect
    data object Close : SettingsEffect
}

/** What follows an event. */
fun reduce(state: SettingsState, event: SettingsEvent): Next<SettingsState, SettingsEffect> = when (event) {
    SettingsEvent.Opened -> state.then(SettingsEffect.Load)
    is SettingsEvent.Loaded -> state.copy(
        lockOn = event.lockOn,
        lockAvailable = event.lockAvailable,
        language = event.language,
        codes = event.codes,
        version = event.version,
    ).then()
    is SettingsEvent.LockToggled -> toggled(state, event.on)
    is SettingsEvent.UserVerified ->
        state.copy(busy = false, lockOn = event.on).then(SettingsEffect.SetLock(event.on))
    SettingsEvent.UserRefused -> state.copy(busy = false, error = PhoneError.UserNotVerified).then()
    is SettingsEvent.LanguageChosen ->
        state.copy(language = event.language, error = null).then(SettingsEffect.SetLanguage(event.language))
    SettingsEvent.ExportPressed ->
        if (state.canExport) state.then(SettingsEffect.Open(Route.Backup(BackupMode.Export))) else state.then()
    SettingsEvent.RestorePressed -> state.then(SettingsEffect.Open(Route.Backup(BackupMode.Restore)))
    SettingsEvent.MovePressed -> state.then(SettingsEffect.Open(Route.MoveOld))
    SettingsEvent.LicencesPressed -> state.then(SettingsEffect.Open(Route.Licences))
    SettingsEvent.HistoryPressed -> state.then(SettingsEffect.Open(Route.History))
    is SettingsEvent.FailedWith -> state.copy(error = event.error).then()
    SettingsEvent.BackPressed -> state.then(SettingsEffect.Close)
}

private fun toggled(state: SettingsState, on: Boolean): Next<SettingsState, SettingsEffect> =
    if (state.busy || on == state.lockOn || !state.lockAvailable) state.then()
    else state.copy(busy = true, error = null).then(SettingsEffect.VerifyUser(on))
