// What the screens say besides what their states hold: errors, dates, names.
package nod.ui

import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import java.time.format.FormatStyle
import java.util.Locale
import nod.logic.PhoneError
import nod.logic.words.Language
import nod.logic.words.Word
import nod.logic.words.Words

internal operator fun Words.get(word: Word): String = text(word)

/** An error in words: what happened, and what to do. */
internal fun Words.error(error: PhoneError): String = when (error) {
    PhoneError.NotFound -> text(Word.ERROR_NOT_FOUND)
    is PhoneError.Malformed -> text(Word.ERROR_OTHER)
    PhoneError.UnknownText -> text(Word.ERROR_UNKNOWN_TEXT)
    PhoneError.DamagedText -> text(Word.ERROR_DAMAGED_TEXT)
    PhoneError.NewerText -> text(Word.ERROR_NEWER_TEXT)
    PhoneError.PlainRelay -> text(Word.ERROR_PLAIN_RELAY)
    is PhoneError.UnusableCode -> text(Word.ERROR_UNUSABLE_CODE)
    PhoneError.UserNotVerified -> text(Word.ERROR_USER_NOT_VERIFIED)
    PhoneError.KeyUnusable -> text(Word.ERROR_KEY_UNUSABLE)
    PhoneError.KeyStoreUnavailable -> text(Word.ERROR_KEY_STORE)
    PhoneError.Expired -> text(Word.ERROR_EXPIRED)
    PhoneError.AlreadyAnswered -> text(Word.ERROR_ALREADY_ANSWERED)
    is PhoneError.NumberLength -> text(Word.ERROR_NUMBER_LENGTH, "digits" to error.digits)
    PhoneError.Unconfirmed -> text(Word.ERROR_UNCONFIRMED)
    PhoneError.NoAnswer -> text(Word.ERROR_NO_ANSWER)
    PhoneError.UsedUp -> text(Word.ERROR_USED_UP)
    PhoneError.RelayRefused -> text(Word.ERROR_RELAY_REFUSED)
    PhoneError.Replaced -> text(Word.ERROR_REPLACED)
    PhoneError.WrongService -> text(Word.ERROR_WRONG_SERVICE)
    PhoneError.KnownAccount -> text(Word.ERROR_KNOWN_ACCOUNT)
    PhoneError.EnrolmentEnded -> text(Word.ENROL_FAILED_ENDED)
    PhoneError.NothingToMove -> text(Word.MOVE_FAILED_NOTHING)
    PhoneError.NoRelay -> text(Word.ERROR_NO_RELAY)
    PhoneError.Busy -> text(Word.MOVE_FAILED_BUSY)
    PhoneError.NotSixDigits -> text(Word.ERROR_SIX_DIGITS)
    PhoneError.WrongCode -> text(Word.MOVE_FAILED_WRONG_CODE)
    PhoneError.SecondPhone -> text(Word.MOVE_FAILED_SECOND_OLD)
    PhoneError.OtherPhoneLeft -> text(Word.MOVE_FAILED_LEFT)
    PhoneError.OtherPhoneBroken -> text(Word.ERROR_OTHER_PHONE)
    PhoneError.KnownCode -> text(Word.ERROR_KNOWN_CODE)
    PhoneError.TooMany -> text(Word.ERROR_TOO_MANY)
    PhoneError.CounterEnd -> text(Word.ERROR_COUNTER_END)
    PhoneError.BadName -> text(Word.ERROR_BAD_NAME)
    PhoneError.EmptyPassphrase -> text(Word.ERROR_EMPTY_PASSPHRASE)
    PhoneError.WrongPassphrase -> text(Word.ERROR_WRONG_PASSPHRASE)
    PhoneError.NotABackup -> text(Word.ERROR_NOT_A_BACKUP)
    PhoneError.Damaged -> text(Word.ERROR_DAMAGED)
    PhoneError.NewerVersion -> text(Word.ERROR_NEWER_VERSION)
    PhoneError.Storage -> text(Word.ERROR_STORAGE)
}

private fun local(millis: Long) = Instant.ofEpochMilli(millis).atZone(ZoneId.systemDefault())

/** A day as one writes it: “22 Nov 2026”. */
internal fun Words.day(millis: Long): String =
    DateTimeFormatter.ofLocalizedDate(FormatStyle.MEDIUM).withLocale(language.locale).format(local(millis))

/** A time of the day. */
internal fun Words.time(millis: Long): String =
    DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).withLocale(language.locale).format(local(millis))

/** The day as one speaks of it now. */
internal fun Words.dayFrom(millis: Long, now: Long): String {
    val today: LocalDate = local(now).toLocalDate()
    return when (local(millis).toLocalDate()) {
        today -> text(Word.HISTORY_TODAY)
        today.minusDays(1) -> text(Word.HISTORY_YESTERDAY)
        else -> day(millis)
    }
}

/** The locale of a language's dates. English is British here, as its words are. */
val Language.locale: Locale get() = Locale.forLanguageTag(if (this == Language.EN) "en-GB" else tag)

/** Another's text among ours: it cannot turn the direction of what stands around it. */
internal fun isolated(text: String) = "\u2068$text\u2069"
