// Runs a backup's effects.
package nod.logic.backup

import kotlinx.coroutines.CoroutineScope
import nod.logic.Navigator
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.VerifyReason
import nod.logic.root.BackupMode

class BackupPresenter(
    private val ports: Ports,
    private val navigator: Navigator,
    mode: BackupMode,
    scope: CoroutineScope,
) : Presenter<BackupState, BackupEvent, BackupEffect>(BackupState(mode), scope, ::reduce) {
    private val phone = ports.phone

    override suspend fun run(effect: BackupEffect) = when (effect) {
        BackupEffect.ChooseFile ->
            call(BackupEvent::FailedWith, { it?.let(BackupEvent::FileChosen) }) { ports.files.open() }
        is BackupEffect.Export -> call(BackupEvent::FailedWith, { it }) { export(effect.passphrase) }
        is BackupEffect.Restore ->
            call(BackupEvent::FailedWith, BackupEvent::Restored) { phone.restoreCodes(effect.file, effect.passphrase) }
        BackupEffect.Close -> navigator.leave()
    }

    private suspend fun export(passphrase: String): BackupEvent {
        if (!ports.user.verify(VerifyReason.Export)) return BackupEvent.UserRefused
        val codes = phone.codes().size
        val saved = ports.files.save(FILE_NAME, phone.exportCodes(passphrase))
        return if (saved) BackupEvent.Exported(codes) else BackupEvent.NothingDone
    }

    private companion object {
        const val FILE_NAME = "nod-codes.backup"
    }
}
