// The rules of the settings, of a backup and of the lock.
package nod.logic.settings

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.logic.AddedCodes
import nod.logic.PhoneError
import nod.logic.backup.BackupDone
import nod.logic.backup.BackupEffect
import nod.logic.backup.BackupEvent
import nod.logic.backup.BackupState
import nod.logic.backup.PassphraseFault
import nod.logic.backup.reduce
import nod.logic.does
import nod.logic.gives
import nod.logic.lock.LockEffect
import nod.logic.lock.LockEvent
import nod.logic.lock.LockState
import nod.logic.lock.reduce
import nod.logic.root.BackupMode
import nod.logic.root.Route
import nod.logic.words.Language

class SettingsTest {
    private val loaded = SettingsState(lockAvailable = true, codes = 2, version = "1.0")

    private fun BackupState.after(vararg events: BackupEvent): BackupState =
        events.fold(this) { state, event -> reduce(state, event).state }

    @Test
    fun `the lock is turned on and off only by the user themselves`() {
        val asking = reduce(loaded, SettingsEvent.LockToggled(true)).does(SettingsEffect.VerifyUser(true))
        assertFalse(asking.lockOn)
        reduce(asking, SettingsEvent.LockToggled(true)).gives(asking)
        val on = reduce(asking, SettingsEvent.UserVerified(true)).does(SettingsEffect.SetLock(true))
        assertTrue(on.lockOn)
        val kept = reduce(reduce(on, SettingsEvent.LockToggled(false)).state, SettingsEvent.UserRefused).does()
        assertEquals(true to PhoneError.UserNotVerified, kept.lockOn to kept.error)
        reduce(SettingsState(), SettingsEvent.LockToggled(true)).gives(SettingsState())
    }

    @Test
    fun `a language is kept at once`() {
        val swedish = reduce(loaded, SettingsEvent.LanguageChosen(Language.SV)).does(SettingsEffect.SetLanguage(Language.SV))
        assertEquals(Language.SV, swedish.language)
        reduce(swedish, SettingsEvent.LanguageChosen(null)).does(SettingsEffect.SetLanguage(null))
    }

    @Test
    fun `a backup of nothing is not offered`() {
        reduce(loaded, SettingsEvent.ExportPressed).does(SettingsEffect.Open(Route.Backup(BackupMode.Export)))
        reduce(loaded.copy(codes = 0), SettingsEvent.ExportPressed).does()
        reduce(loaded.copy(codes = 0), SettingsEvent.RestorePressed).does(SettingsEffect.Open(Route.Backup(BackupMode.Restore)))
    }

    @Test
    fun `a passphrase for an export has ten characters and is typed twice`() {
        val export = BackupState(BackupMode.Export)
        val short = export.after(BackupEvent.PassphraseChanged("nine char"))
        assertEquals(PassphraseFault.Short to false, short.fault to short.canStart)
        val other = export.after(BackupEvent.PassphraseChanged("ten of them"), BackupEvent.RepeatedChanged("ten of then"))
        assertEquals(PassphraseFault.Different to false, other.fault to other.canStart)
        val right = export.after(BackupEvent.PassphraseChanged("ten of them"), BackupEvent.RepeatedChanged("ten of them"))
        val busy = reduce(right, BackupEvent.StartPressed).does(BackupEffect.Export("ten of them"))
        reduce(busy, BackupEvent.StartPressed).gives(busy)
        assertFalse(busy.after(BackupEvent.NothingDone).busy)
        assertEquals<PhoneError?>(PhoneError.UserNotVerified, busy.after(BackupEvent.UserRefused).error)
        val done = busy.after(BackupEvent.Exported(2))
        assertEquals(BackupState(BackupMode.Export, done = BackupDone.Saved(2)), done)
        assertFalse("ten of them" in right.toString())
    }

    @Test
    fun `a restore needs a file and takes any passphrase`() {
        val typed = BackupState(BackupMode.Restore).after(BackupEvent.PassphraseChanged("x"))
        assertEquals(null to false, typed.fault to typed.canStart)
        val chosen = typed.after(BackupEvent.FileChosen(byteArrayOf(1)))
        assertTrue(chosen.canStart)
        val wrong = chosen.after(BackupEvent.StartPressed, BackupEvent.FailedWith(PhoneError.WrongPassphrase))
        assertTrue(wrong.canStart && !wrong.busy)
        val added = AddedCodes(2, 1, 0, 1, 1)
        assertEquals<BackupDone?>(BackupDone.Restored(added), wrong.after(BackupEvent.StartPressed, BackupEvent.Restored(added)).done)
    }

    @Test
    fun `the lock opens only for the user`() {
        val asking = reduce(LockState(), LockEvent.Shown).does(LockEffect.VerifyUser)
        reduce(asking, LockEvent.UnlockPressed).gives(asking)
        val refused = reduce(asking, LockEvent.UserRefused).does()
        assertTrue(refused.refused)
        reduce(refused, LockEvent.UnlockPressed).does(LockEffect.VerifyUser)
        reduce(asking, LockEvent.UserVerified).does(LockEffect.Unlock)
    }
}
