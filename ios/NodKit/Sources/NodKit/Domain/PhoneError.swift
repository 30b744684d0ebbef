// Why a call failed: what a screen switches on.

/// Why a call of the phone failed.
public enum PhoneError: Error, Equatable, Sendable {
    /// What the call is about is not there (any more).
    case notFound
    /// An argument is not what the call takes: a programming mistake.
    case malformed(argument: String)

    /// The text is none that this app knows.
    case unknownText
    /// The text is damaged or incomplete.
    case damagedText
    /// The text needs a newer version of the app.
    case newerText
    /// The QR code names a relay without encryption.
    case plainRelay
    /// The one-time code has a setting that cannot be used, or a name that cannot be shown. `detail` is English.
    case unusableCode(detail: String)

    /// The user declined, failed to show that it is them, or let the prompt run out.
    case userNotVerified
    /// The key can no longer be used: the account must be added anew.
    case keyUnusable
    case keyStoreUnavailable

    /// The time was over.
    case expired
    case alreadyAnswered
    /// The number from the login page is missing, or has another length; 0 digits where none is asked for.
    case numberLength(digits: Int)
    /// The answer was signed, but the login server's word on it did not come in time: it may count nevertheless.
    case unconfirmed

    /// Nobody answered: the network, the relay or the other side is away.
    case noAnswer
    /// The QR code was used or has run out.
    case usedUp
    /// The relay did not take it, for now.
    case relayRefused
    /// Another running copy of this phone is connected.
    case replaced

    /// What came does not come from the service that showed the QR code.
    case wrongService
    /// This account is on this phone already.
    case knownAccount
    /// The login server ended the enrolment: a wrong code, a second phone, or someone cancelled.
    case enrolmentEnded

    /// There is nothing on this phone to move.
    case nothingToMove
    /// This phone knows no relay where the two phones could meet.
    case noRelay
    /// Another move is under way on this phone.
    case busy
    /// What was typed is not six digits. That is no guess.
    case notSixDigits
    /// The code is not the one that the new phone shows. The move has ended.
    case wrongCode
    /// Another phone has scanned the QR code. The move has ended.
    case secondPhone
    /// The other phone has ended the move.
    case otherPhoneLeft
    /// The other phone sent what this version does not understand.
    case otherPhoneBroken

    /// The same one-time code is there already.
    case knownCode
    /// There is no room for more.
    case tooMany
    /// The counter of the one-time code has reached its end.
    case counterEnd
    /// The name is empty, too long, or cannot be shown.
    case badName
    case emptyPassphrase
    /// The passphrase, or the vault's key, is the wrong one.
    case wrongPassphrase
    /// The file is no backup of one-time codes.
    case notABackup
    /// The file is cut or altered.
    case damaged
    /// The file was written by a newer version of the app.
    case newerVersion
    /// The phone's storage, its source of randomness, or the core itself failed.
    case storage
}
