// What the core throws as the errors of the presenters.
package nod.bindings

import nod.logic.PhoneError
import uniffi.nod_ffi.NodException

internal fun phoneError(error: NodException): PhoneError = when (error) {
    is NodException.NotFound -> PhoneError.NotFound
    is NodException.Malformed -> PhoneError.Malformed(error.argument)
    is NodException.UnknownText -> PhoneError.UnknownText
    is NodException.DamagedText -> PhoneError.DamagedText
    is NodException.NewerText -> PhoneError.NewerText
    is NodException.PlainRelay -> PhoneError.PlainRelay
    is NodException.UnusableCode -> PhoneError.UnusableCode(error.detail)
    is NodException.UserNotVerified -> PhoneError.UserNotVerified
    is NodException.KeyUnusable -> PhoneError.KeyUnusable
    is NodException.KeyStoreUnavailable -> PhoneError.KeyStoreUnavailable
    is NodException.Expired -> PhoneError.Expired
    is NodException.AlreadyAnswered -> PhoneError.AlreadyAnswered
    is NodException.NumberLength -> PhoneError.NumberLength(error.digits.toInt())
    is NodException.Unconfirmed -> PhoneError.Unconfirmed
    is NodException.NoAnswer -> PhoneError.NoAnswer
    is NodException.UsedUp -> PhoneError.UsedUp
    is NodException.RelayRefused -> PhoneError.RelayRefused
    is NodException.Replaced -> PhoneError.Replaced
    is NodException.WrongService -> PhoneError.WrongService
    is NodException.KnownAccount -> PhoneError.KnownAccount
    is NodException.EnrolmentEnded -> PhoneError.EnrolmentEnded
    is NodException.NothingToMove -> PhoneError.NothingToMove
    is NodException.NoRelay -> PhoneError.NoRelay
    is NodException.Busy -> PhoneError.Busy
    is NodException.NotSixDigits -> PhoneError.NotSixDigits
    is NodException.WrongCode -> PhoneError.WrongCode
    is NodException.SecondPhone -> PhoneError.SecondPhone
    is NodException.OtherPhoneLeft -> PhoneError.OtherPhoneLeft
    is NodException.OtherPhoneBroken -> PhoneError.OtherPhoneBroken
    is NodException.KnownCode -> PhoneError.KnownCode
    is NodException.TooMany -> PhoneError.TooMany
    is NodException.CounterEnd -> PhoneError.CounterEnd
    is NodException.BadName -> PhoneError.BadName
    is NodException.EmptyPassphrase -> PhoneError.EmptyPassphrase
    is NodException.WrongPassphrase -> PhoneError.WrongPassphrase
    is NodException.NotABackup -> PhoneError.NotABackup
    is NodException.Damaged -> PhoneError.Damaged
    is NodException.NewerVersion -> PhoneError.NewerVersion
    is NodException.Storage -> PhoneError.Storage
}
