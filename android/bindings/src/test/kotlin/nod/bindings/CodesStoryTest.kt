// One-time codes on the real core: added, shown, copied, backed up and restored.
package nod.bindings

import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import nod.bindings.world.PATIENCE_S
import nod.bindings.world.Person
import nod.bindings.world.awaits
import nod.bindings.world.world
import nod.logic.AddedCodes
import nod.logic.PhoneError
import nod.logic.backup.BackupDone
import nod.logic.backup.BackupEvent
import nod.logic.backup.BackupPresenter
import nod.logic.code.AddCodeEvent
import nod.logic.code.AddCodePresenter
import nod.logic.code.CodeDetailsEvent
import nod.logic.code.CodeDetailsPresenter
import nod.logic.home.HomeEvent
import nod.logic.home.HomePresenter
import nod.logic.root.BackupMode
import nod.logic.root.Route
import nod.logic.scan.ScanEvent

class CodesStoryTest {
    private val totp = "otpauth://totp/One:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=One"
    private val hotp = "otpauth://hotp/Three:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Three&counter=5"

    private fun Person.adds(text: String) {
        val scan = pastes(text)
        assertEquals(AddedCodes(added = 1, known = 0, skipped = 0, part = 1, parts = 1), scan.awaits { it.added != null }.added)
        scan.on(ScanEvent.DonePressed)
        root.awaits { it.shown == Route.Home }
    }

    /** RFC 4226 with the secret of its own example, `12345678901234567890`. */
    private fun hotp(counter: Long): String {
        val mac = Mac.getInstance("HmacSHA1").apply { init(SecretKeySpec("12345678901234567890".toByteArray(), "HmacSHA1")) }
        val hash = mac.doFinal(ByteBuffer.allocate(8).putLong(counter).array())
        val part = ByteBuffer.wrap(hash).getInt((hash.last().toInt() and 15)) and Int.MAX_VALUE
        return "%06d".format(part % 1_000_000)
    }

    private fun steps() = System.currentTimeMillis() / 30_000

    @Test
    fun `a scanned code shows what RFC 6238 says and is copied`() = world {
        val ada = person()
        val before = steps()
        ada.adds(totp)
        val home = ada.at<HomePresenter>(Route.Home)
        val shown = assertNotNull(home.awaits { it.codes.isNotEmpty() }.codes.single().code)
        assertContains((before..steps()).map(::hotp), shown)
        home.on(HomeEvent.CodePressed(home.state.value.codes.single().id))
        val copied = assertNotNull(ada.platform.copied.poll(PATIENCE_S, TimeUnit.SECONDS))
        assertContains((before..steps()).map(::hotp), copied)
        home.awaits { it.message != null }
    }

    @Test
    fun `a counter's codes come one at a time`() = world {
        val ada = person()
        ada.adds(hotp)
        val home = ada.at<HomePresenter>(Route.Home)
        val entry = home.awaits { it.codes.isNotEmpty() }.codes.single()
        assertEquals(null, entry.code)
        for (counter in 5L..6L) {
            home.on(HomeEvent.NextCodePressed(entry.id))
            home.awaits { it.codes.single().code == hotp(counter) }
        }
    }

    @Test
    fun `a typed code is added once, renamed and removed`() = world {
        val ada = person()
        ada.adds(totp)
        ada.root.open(Route.AddCode)
        val typed = ada.at<AddCodePresenter>(Route.AddCode)
        typed.on(AddCodeEvent.IssuerChanged("Two"))
        typed.on(AddCodeEvent.SecretChanged("not base32!"))
        typed.on(AddCodeEvent.AddPressed)
        typed.awaits { it.error is PhoneError.UnusableCode }
        typed.on(AddCodeEvent.SecretChanged("gezd gnbv gy3t qojq"))
        typed.on(AddCodeEvent.AddPressed)
        ada.root.awaits { it.shown == Route.Home }

        val home = ada.at<HomePresenter>(Route.Home)
        val second = home.awaits { it.codes.size == 2 }.codes.last()
        home.on(HomeEvent.CodeMorePressed(second.id))
        val details = ada.at<CodeDetailsPresenter>(Route.CodeDetails(second.id))
        details.awaits { it.loaded }
        details.on(CodeDetailsEvent.UpPressed)
        details.awaits { it.position == 0 && !it.busy }
        details.on(CodeDetailsEvent.IssuerChanged("Deux"))
        details.on(CodeDetailsEvent.SavePressed)
        details.awaits { it.saved }
        details.on(CodeDetailsEvent.BackPressed)
        home.awaits { state -> state.codes.map { it.name } == listOf("Deux", "One") }

        home.on(HomeEvent.CodeMorePressed(second.id))
        val again = ada.at<CodeDetailsPresenter>(Route.CodeDetails(second.id))
        again.on(CodeDetailsEvent.RemovePressed)
        again.on(CodeDetailsEvent.RemoveConfirmed)
        home.awaits { state -> state.codes.map { it.name } == listOf("One") }
    }

    @Test
    fun `a backup is restored on another phone with its passphrase alone`() = world {
        val (ada, new) = person("Ada’s phone") to person("New phone")
        ada.adds(totp)
        ada.root.open(Route.Backup(BackupMode.Export))
        val export = ada.at<BackupPresenter>(Route.Backup(BackupMode.Export))
        export.on(BackupEvent.PassphraseChanged("a long passphrase"))
        export.on(BackupEvent.RepeatedChanged("a long passphrase"))
        ada.platform.verifies = false
        export.on(BackupEvent.StartPressed)
        export.awaits { it.error == PhoneError.UserNotVerified }
        assertEquals(null, ada.platform.file)
        ada.platform.verifies = true
        export.on(BackupEvent.StartPressed)
        assertEquals<Any?>(BackupDone.Saved(1), export.awaits { it.done != null }.done)

        new.platform.file = ada.platform.file
        new.root.open(Route.Backup(BackupMode.Restore))
        val restore = new.at<BackupPresenter>(Route.Backup(BackupMode.Restore))
        restore.on(BackupEvent.ChoosePressed)
        restore.awaits { it.file != null }
        restore.on(BackupEvent.PassphraseChanged("another one"))
        restore.on(BackupEvent.StartPressed)
        restore.awaits { it.error == PhoneError.WrongPassphrase }
        restore.on(BackupEvent.PassphraseChanged("a long passphrase"))
        restore.on(BackupEvent.StartPressed)
        val done = restore.awaits { it.done != null }.done
        assertEquals<Any?>(BackupDone.Restored(AddedCodes(added = 1, known = 0, skipped = 0, part = 1, parts = 1)), done)
        restore.on(BackupEvent.BackPressed)
        new.root.awaits { it.shown == Route.Home }
    }
}
