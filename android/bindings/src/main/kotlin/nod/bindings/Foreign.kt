// What the platform implements, as the core calls it.
package nod.bindings

import nod.logic.KeyError
import nod.logic.KeyFailure
import nod.logic.KeyKind
import nod.logic.LogLevel
import nod.logic.LogSink
import nod.logic.PlatformKeys
import nod.logic.PromptReason
import nod.logic.WakeChoice
import nod.logic.WakeToken
import nod.logic.WakeTokens
import uniffi.nod_ffi.CreatedKey
import uniffi.nod_ffi.KeyException
import uniffi.nod_ffi.KeyKind as CoreKind
import uniffi.nod_ffi.LogLevel as CoreLevel
import uniffi.nod_ffi.LogSink as CoreSink
import uniffi.nod_ffi.PlatformKeys as CoreKeys
import uniffi.nod_ffi.PromptReason as CoreReason
import uniffi.nod_ffi.WakeChoice as CoreChoice
import uniffi.nod_ffi.WakeToken as CoreToken
import uniffi.nod_ffi.WakeTokens as CoreTokens

/** The platform's keys. Whatever they throw becomes one of the errors that the core knows. */
internal class ForeignKeys(private val keys: PlatformKeys) : CoreKeys {
    override fun create(name: String, kind: CoreKind, attestTo: ByteArray?): CreatedKey = answered {
        val made = keys.create(name, keyKind(kind), attestTo)
        CreatedKey(made.publicKey, made.attestation)
    }

    override fun publicKey(name: String): ByteArray = answered { keys.publicKey(name) }

    override fun sign(name: String, message: ByteArray, reason: CoreReason): ByteArray =
        answered { keys.sign(name, message, promptReason(reason)) }

    override fun agree(name: String, peer: ByteArray): ByteArray = answered { keys.agree(name, peer) }

    override fun delete(name: String) = answered { keys.delete(name) }

    override fun verifiesUser(): Boolean = keys.verifiesUser()

    override fun attests(): Boolean = keys.attests()

    private inline fun <T> answered(call: () -> T): T =
        try {
            call()
        } catch (failed: KeyFailure) {
            throw keyException(failed.error)
        }
}

internal class ForeignTokens(private val tokens: WakeTokens) : CoreTokens {
    override fun token(choice: CoreChoice): CoreToken? =
        when (val token = tokens.token(WakeChoice(choice.relay, choice.webPush, choice.fcm))) {
            is WakeToken.WebPush -> CoreToken.WebPush(token.endpoint, token.p256dh, token.auth)
            is WakeToken.Fcm -> CoreToken.Fcm(token.token)
            null -> null
        }
}

internal class ForeignLog(private val sink: LogSink) : CoreSink {
    override fun log(level: CoreLevel, target: String, message: String) = sink.log(
        when (level) {
            CoreLevel.ERROR -> LogLevel.Error
            CoreLevel.WARNING -> LogLevel.Warning
            CoreLevel.INFO -> LogLevel.Info
            CoreLevel.DEBUG -> LogLevel.Debug
        },
        target,
        message,
    )
}

internal fun logLevel(level: LogLevel): CoreLevel = when (level) {
    LogLevel.Error -> CoreLevel.ERROR
    LogLevel.Warning -> CoreLevel.WARNING
    LogLevel.Info -> CoreLevel.INFO
    LogLevel.Debug -> CoreLevel.DEBUG
}

private fun keyKind(kind: CoreKind): KeyKind = when (kind) {
    CoreKind.APPROVE -> KeyKind.Approve
    CoreKind.DENY -> KeyKind.Deny
    CoreKind.ENC -> KeyKind.Enc
    CoreKind.CHANNEL -> KeyKind.Channel
}

private fun promptReason(reason: CoreReason): PromptReason = when (reason) {
    CoreReason.Silent -> PromptReason.Silent
    CoreReason.Enrol -> PromptReason.Enrol
    is CoreReason.Approve -> PromptReason.Approve(reason.service)
    CoreReason.OfferMove -> PromptReason.OfferMove
    is CoreReason.MoveAway -> PromptReason.MoveAway(reason.service)
    is CoreReason.TakeOver -> PromptReason.TakeOver(reason.service)
}

private fun keyException(error: KeyError): KeyException = when (error) {
    KeyError.Missing -> KeyException.Missing()
    KeyError.Exists -> KeyException.Exists()
    KeyError.UserNotVerified -> KeyException.UserNotVerified()
    KeyError.Invalidated -> KeyException.Invalidated()
    KeyError.Unavailable -> KeyException.Unavailable()
}
