// What is said of an error.

import NodKit

extension Words {
    /// What happened, and what to do.
    func text(of error: PhoneError) -> String {
        switch error {
        case .numberLength(let digits): text(.errorNumberLength, ["digits": digits])
        default: text(word(of: error))
        }
    }

    private func word(of error: PhoneError) -> Word {
        switch error {
        case .notFound: .errorNotFound
        case .unknownText: .errorUnknownText
        case .damagedText: .errorDamagedText
        case .newerText: .errorNewerText
        case .plainRelay: .errorPlainRelay
        case .unusableCode: .errorUnusableCode
        case .userNotVerified: .errorUserNotVerified
        case .keyUnusable: .errorKeyUnusable
        case .keyStoreUnavailable: .errorKeyStore
        case .expired: .errorExpired
        case .alreadyAnswered: .errorAlreadyAnswered
        case .numberLength: .errorNumberLength
        case .unconfirmed: .errorUnconfirmed
        case .noAnswer: .errorNoAnswer
        case .usedUp: .errorUsedUp
        case .relayRefused: .errorRelayRefused
        case .replaced: .errorReplaced
        case .wrongService: .errorWrongService
        case .knownAccount: .errorKnownAccount
        case .enrolmentEnded: .enrolFailedEnded
        case .nothingToMove: .moveFailedNothing
        case .noRelay: .errorNoRelay
        case .busy: .moveFailedBusy
        case .notSixDigits: .errorSixDigits
        case .wrongCode: .moveFailedWrongCode
        case .secondPhone: .moveFailedSecondOld
        case .otherPhoneLeft: .moveFailedLeft
        case .otherPhoneBroken: .errorOtherPhone
        case .knownCode: .errorKnownCode
        case .tooMany: .errorTooMany
        case .counterEnd: .errorCounterEnd
        case .badName: .errorBadName
        case .emptyPassphrase: .errorEmptyPassphrase
        case .wrongPassphrase: .errorWrongPassphrase
        case .notABackup: .errorNotABackup
        case .damaged: .errorDamaged
        case .newerVersion: .errorNewerVersion
        case .storage: .errorStorage
        case .malformed: .errorOther
        }
    }

    /// Why an account was not added.
    func enrolment(failed error: PhoneError) -> String {
        switch error {
        case .expired: text(.enrolFailedExpired)
        default: text(of: error)
        }
    }

    /// Why a move came to nothing, on the old phone.
    func moveOld(failed error: PhoneError) -> String {
        switch error {
        case .expired, .usedUp: text(.moveFailedExpired)
        default: text(of: error)
        }
    }

    /// Why a move came to nothing, on the new phone.
    func moveNew(failed error: PhoneError) -> String {
        switch error {
        case .expired, .usedUp: text(.moveFailedExpired)
        case .secondPhone: text(.moveFailedSecondNew)
        default: text(of: error)
        }
    }

    /// What came of adding codes, a sentence each.
    func added(_ codes: AddedCodes) -> [String] {
        var said: [String] = []
        if codes.added > 0 || (codes.known == 0 && codes.skipped == 0) { said.append(count(.scanAdded, codes.added)) }
        if codes.known > 0 { said.append(count(.scanKnown, codes.known)) }
        if codes.skipped > 0 { said.append(count(.scanSkipped, codes.skipped)) }
        if codes.parts > 1 { said.append(text(.scanPart, ["part": codes.part, "parts": codes.parts])) }
        return said
    }
}
