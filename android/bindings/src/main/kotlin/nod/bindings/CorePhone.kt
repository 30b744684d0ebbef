// The Rust core as the port that the presenters use.
package nod.bindings

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import nod.logic.Account
import nod.logic.AddedCodes
import nod.logic.AnswerOutcome
import nod.logic.CodeEntry
import nod.logic.Enrolment
import nod.logic.HistoryEntry
import nod.logic.LogLevel
import nod.logic.LogSink
import nod.logic.Move
import nod.logic.MoveOffer
import nod.logic.Pending
import nod.logic.PhoneError
import nod.logic.PhoneEvent
import nod.logic.PhoneFailure
import nod.logic.PhonePort
import nod.logic.PlatformKeys
import nod.logic.Relay
import nod.logic.Scanned
import nod.logic.TypedCode
import nod.logic.WakeTokens
import uniffi.nod_ffi.InternalException
import uniffi.nod_ffi.NodEnrolment
import uniffi.nod_ffi.NodException
import uniffi.nod_ffi.NodPhone
import uniffi.nod_ffi.PhoneSettings
import uniffi.nod_ffi.fileStorage
import uniffi.nod_ffi.logTo
import uniffi.nod_ffi.scan as scanText

/** What a phone is made of, beside its keys. */
class CoreSettings(
    /** The folder of the vault, which is made if it is not there. No backup may take it along. */
    val directory: String,
    /** 32 bytes that open the vault, guarded by the platform's key store. */
    val vaultKey: ByteArray,
    /** What the phone calls itself to services and to the other phone of a move, at most 64 characters. */
    val deviceName: String,
    /** At most 64 characters. */
    val deviceModel: String,
    /** PEM certificates that are trusted for relays beside the public ones. */
    val extraRootsPem: String? = null,
)

/** The phone of the Rust core. There is one in an app's process. */
class CorePhone private constructor(private val core: NodPhone) : PhonePort, AutoCloseable {
    // Taken before anything can happen, so that the first collector misses nothing.
    override fun events(): Flow<PhoneEvent> {
        val events = core.events()
        return flow {
            events.use {
                while (true) emit(event(it.next()))
            }
        }
    }

    override fun scan(text: String): Scanned = told { scanned(scanText(text)) }

    override suspend fun connect() = told { core.connect() }

    override suspend fun disconnect() = told { core.disconnect() }

    override fun relays(): List<Relay> = told { core.relays().map(::relay) }

    override fun wakeTokenChanged() = told { core.wakeTokenChanged() }

    override fun pending(): List<Pending> = told { core.pending().map(::pending) }

    override suspend fun waitPending(seconds: Double): List<Pending> =
        told { core.waitPending(seconds).map(::pending) }

    override suspend fun approve(challenge: String, number: String?): AnswerOutcome =
        told { outcome(core.approve(challenge, number)) }

    override suspend fun deny(challenge: String): AnswerOutcome = told { outcome(core.deny(challenge)) }

    override suspend fun report(challenge: String): AnswerOutcome = told { outcome(core.report(challenge)) }

    override suspend fun history(): List<HistoryEntry> = told { core.history().map(::historyEntry) }

    override suspend fun enrol(qr: String): Enrolment = told { CoreEnrolment(core.enrol(qr)) }

    override suspend fun accounts(): List<Account> = told { core.accounts().map(::account) }

    override suspend fun rename(account: String, label: String) = told { core.rename(account, label) }

    override suspend fun remove(account: String) = told { core.remove(account) }

    override suspend fun confirmKeyChange(account: String) = told { core.confirmKeyChange(account) }

    override suspend fun offerMove(relay: String?): MoveOffer = told { moveOffer(core.offerMove(relay)) }

    override suspend fun waitJoined(): Move = told { move(core.waitJoined()) }

    override suspend fun confirmMove(code: String) = told { core.confirmMove(code) }

    override suspend fun joinMove(qr: String): Move = told { move(core.joinMove(qr)) }

    override suspend fun finishMove(seconds: Double): Move = told { move(core.finishMove(seconds)) }

    override suspend fun moveStatus(): Move? = told { core.moveStatus()?.let(::move) }

    override suspend fun cancelMove() = told { core.cancelMove() }

    override suspend fun deleteMovedCodes(): Int = told { core.deleteMovedCodes().toInt() }

    override suspend fun codes(): List<CodeEntry> = told { core.codes().map(::codeEntry) }

    override suspend fun addCodes(text: String): AddedCodes = told { addedCodes(core.addCodes(text)) }

    override suspend fun addTypedCode(code: TypedCode) = told { core.addTypedCode(typedCode(code)) }

    override suspend fun nextCode(code: String): String = told { core.nextCode(code) }

    override suspend fun renameCode(code: String, issuer: String, account: String) =
        told { core.renameCode(code, issuer, account) }

    override suspend fun moveCode(code: String, position: Int) = told { core.moveCode(code, position.toUInt()) }

    override suspend fun removeCode(code: String) = told { core.removeCode(code) }

    override suspend fun exportCodes(passphrase: String): ByteArray = told { core.exportCodes(passphrase) }

    override suspend fun restoreCodes(backup: ByteArray, passphrase: String): AddedCodes =
        told { addedCodes(core.restoreCodes(backup, passphrase)) }

    /** Frees the core. Nothing may be called afterwards. */
    override fun close() = core.close()

    companion object {
        /** Opens the phone: its vault, which is made where there is none, and its keys. */
        suspend fun open(settings: CoreSettings, keys: PlatformKeys, wake: WakeTokens? = null): CorePhone = told {
            val made = PhoneSettings(
                settings.vaultKey,
                settings.deviceName,
                settings.deviceModel,
                settings.extraRootsPem,
            )
            val tokens = wake?.let(::ForeignTokens)
            CorePhone(NodPhone.open(made, ForeignKeys(keys), fileStorage(settings.directory), tokens))
        }

        /** Sends what the core says to `sink` from now on, up to `level`. Only the first call counts, and says so. */
        fun logTo(sink: LogSink, level: LogLevel): Boolean = logTo(ForeignLog(sink), logLevel(level))
    }
}

private class CoreEnrolment(private val core: NodEnrolment) : Enrolment {
    override val id: String = core.id()
    override val code: String = core.code()
    override val serviceName: String = core.serviceName()
    override val domain: String? = core.domain()

    override suspend fun finished(): Account = told { account(core.finished()) }

    override suspend fun abort() = told { core.abort() }
}

/** Runs a call of the core; what it throws becomes what the port throws. */
private inline fun <T> told(call: () -> T): T =
    try {
        call()
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (failed: NodException) {
        throw PhoneFailure(phoneError(failed))
    } catch (_: InternalException) {
        // The core has failed in a way that it does not know itself.
        throw PhoneFailure(PhoneError.Storage)
    }
