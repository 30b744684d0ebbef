// A backup of the one-time codes: sealed with a passphrase and saved, or opened and added.
package nod.logic.backup

import nod.logic.AddedCodes
import nod.logic.Next
import nod.logic.PhoneError
import nod.logic.root.BackupMode
import nod.logic.then

/** A passphrase for a new backup has at least so many characters. */
const val PASSPHRASE_LENGTH = 10

/** What came of it. */
sealed interface BackupDone {
    data class Saved(val codes: Int) : BackupDone
    data class Restored(val added: AddedCodes) : BackupDone
}

/** What keeps a passphrase from being used. */
enum class PassphraseFault { Short, Different }

data class BackupState(
    val mode: BackupMode,
    val passphrase: String = "",
    /** The passphrase again, for a new backup. */
    val repeated: String = "",
    /** The file to restore, once it was chosen. */
    val file: ByteArray? = null,
    val busy: Boolean = false,
    val done: BackupDone? = null,
    val error: PhoneError? = null,
) {
    /** What to say under the fields; nothing under a field that is still empty. */
    val fault: PassphraseFault?
        get() = when {
            mode == BackupMode.Restore || passphrase.isEmpty() -> null
            passphrase.codePointCount(0, passphrase.length) < PASSPHRASE_LENGTH -> PassphraseFault.Short
            repeated.isNotEmpty() && repeated != passphrase -> PassphraseFault.Different
            else -> null
        }

    val canStart: Boolean
        get() = !busy && done == null && passphrase.isNotEmpty() && when (mode) {
            BackupMode.Export -> fault == null && repeated == passphrase
            BackupMode.Restore -> file != null
        }

    override fun toString() = "BackupState(mode=$mode, busy=$busy, done=$done, error=$error)"
}

sealed interface BackupEvent {
    data class PassphraseChanged(val text: String) : BackupEvent {
        override fun toString() = "PassphraseChanged"
    }

    data class RepeatedChanged(val text: String) : BackupEvent {
        override fun toString() = "RepeatedChanged"
    }

    data object ChoosePressed : BackupEvent
    class FileChosen(val bytes: ByteArray) : BackupEvent
    data object StartPressed : BackupEvent

    /** The user closed the prompt, or chose no place for the file: nothing was done. */
    data object NothingDone : BackupEvent
    data object UserRefused : BackupEvent
    data class Exported(val codes: Int) : BackupEvent
    data class Restored(val added: AddedCodes) : BackupEvent
    data class FailedWith(val error: PhoneError) : BackupEvent
    data object BackPressed : BackupEvent
}

sealed interface BackupEffect {
    data object ChooseFile : BackupEffect

    /** Verifies the user, has the file made, and saves it. */
    data class Export(val passphrase: String) : BackupEffect {
        override fun toString() = "Export"
    }

    class Restore(val file: ByteArray, val passphrase: String) : BackupEffect
    data object Close : BackupEffect
}

/** What follows an event. */
fun reduce(state: BackupState, event: BackupEvent): Next<BackupState, BackupEffect> = when (event) {
    is BackupEvent.PassphraseChanged -> state.copy(passphrase = event.text, error = null).then()
    is BackupEvent.RepeatedChanged -> state.copy(repeated = event.text, error = null).then()
    BackupEvent.ChoosePressed -> if (state.busy) state.then() else state.copy(error = null).then(BackupEffect.ChooseFile)
    is BackupEvent.FileChosen -> state.copy(file = event.bytes, error = null).then()
    BackupEvent.StartPressed -> started(state)
    BackupEvent.NothingDone -> state.copy(busy = false).then()
    BackupEvent.UserRefused -> state.copy(busy = false, error = PhoneError.UserNotVerified).then()
    is BackupEvent.Exported -> over(state, BackupDone.Saved(event.codes)).then()
    is BackupEvent.Restored -> over(state, BackupDone.Restored(event.added)).then()
    is BackupEvent.FailedWith -> state.copy(busy = false, error = event.error).then()
    BackupEvent.BackPressed -> state.then(BackupEffect.Close)
}

private fun started(state: BackupState): Next<BackupState, BackupEffect> {
    if (!state.canStart) return state.then()
    val busy = state.copy(busy = true, error = null)
    return when (state.mode) {
        BackupMode.Export -> busy.then(BackupEffect.Export(state.passphrase))
        BackupMode.Restore -> state.file?.let { busy.then(BackupEffect.Restore(it, state.passphrase)) } ?: state.then()
    }
}

/** Nothing secret stays behind. */
private fun over(state: BackupState, done: BackupDone): BackupState =
    state.copy(passphrase = "", repeated = "", file = null, busy = false, done = done)
