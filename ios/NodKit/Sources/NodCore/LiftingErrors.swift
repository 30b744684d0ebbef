// The errors of the core in NodKit's words.

import NodFFI
import NodKit

extension PhoneError {
    /// What a call of the core threw. Anything but its own errors is a fault of the core.
    init(lifting error: any Error) {
        self = (error as? NodError)?.lifted ?? .storage
    }
}

extension NodError {
    var lifted: PhoneError {
        switch self {
        case .NotFound: .notFound
        case .Malformed(let argument): .malformed(argument: argument)
        case .UnknownText: .unknownText
        case .DamagedText: .damagedText
        case .NewerText: .newerText
        case .PlainRelay: .plainRelay
        case .UnusableCode(let detail): .unusableCode(detail: detail)
        case .UserNotVerified: .userNotVerified
        case .KeyUnusable: .keyUnusable
        case .KeyStoreUnavailable: .keyStoreUnavailable
        case .Expired: .expired
        case .AlreadyAnswered: .alreadyAnswered
        case .NumberLength(let digits): .numberLength(digits: Int(digits))
        case .Unconfirmed: .unconfirmed
        case .NoAnswer: .noAnswer
        case .UsedUp: .usedUp
        case .RelayRefused: .relayRefused
        case .Replaced: .replaced
        case .WrongService: .wrongService
        case .KnownAccount: .knownAccount
        case .EnrolmentEnded: .enrolmentEnded
        case .NothingToMove: .nothingToMove
        case .NoRelay: .noRelay
        case .Busy: .busy
        case .NotSixDigits: .notSixDigits
        case .WrongCode: .wrongCode
        case .SecondPhone: .secondPhone
        case .OtherPhoneLeft: .otherPhoneLeft
        case .OtherPhoneBroken: .otherPhoneBroken
        case .KnownCode: .knownCode
        case .TooMany: .tooMany
        case .CounterEnd: .counterEnd
        case .BadName: .badName
        case .EmptyPassphrase: .emptyPassphrase
        case .WrongPassphrase: .wrongPassphrase
        case .NotABackup: .notABackup
        case .Damaged: .damaged
        case .NewerVersion: .newerVersion
        case .Storage: .storage
        }
    }
}
