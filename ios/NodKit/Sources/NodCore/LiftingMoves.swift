// From the generated types to NodKit's: moves, one-time codes and what a platform brings.

import NodFFI
import NodKit

extension MoveView {
    var lifted: Move {
        Move(
            id: id, side: side.lifted, stage: stage.lifted, otherPhone: otherPhone, accounts: accounts.map(\.lifted),
            codes: Int(codes), codesArrived: codesArrived)
    }
}

extension NodFFI.MoveOffer {
    var lifted: NodKit.MoveOffer {
        NodKit.MoveOffer(qr: qr, secondsLeft: secondsLeft)
    }
}

extension MovingAccountView {
    var lifted: MovingAccount {
        MovingAccount(id: id, serviceName: serviceName, label: label, state: state.lifted)
    }
}

extension NodFFI.MoveSide {
    var lifted: NodKit.MoveSide {
        switch self {
        case .old: .old
        case .new: .new
        }
    }
}

extension NodFFI.MoveStage {
    var lifted: NodKit.MoveStage {
        switch self {
        case .offered: .offered
        case .awaitingCode: .awaitingCode
        case .joined: .joined
        case .codeShown(let code): .codeShown(code: code)
        case .moving: .moving
        case .done: .done
        case .cancelled: .cancelled
        case .otherPhoneLeft: .otherPhoneLeft
        case .failed: .failed
        }
    }
}

extension NodFFI.MovingAccountState {
    var lifted: NodKit.MovingAccountState {
        switch self {
        case .announced: .announced
        case .authorised: .authorised
        case .moved: .moved
        case .refused: .refused
        case .impossible: .impossible
        }
    }
}

extension CodeView {
    var lifted: CodeEntry {
        CodeEntry(
            id: id, issuer: issuer, account: account, digits: Int(digits), now: now?.lifted, created: created)
    }
}

extension CodeNowView {
    var lifted: CodeNow {
        CodeNow(code: code, next: next, secondsLeft: secondsLeft, periodS: Int(periodS))
    }
}

extension NodFFI.AddedCodes {
    var lifted: NodKit.AddedCodes {
        NodKit.AddedCodes(
            added: Int(added), known: Int(known), skipped: Int(skipped), part: Int(part), parts: Int(parts))
    }
}

extension NodKit.TypedCode {
    var lowered: NodFFI.TypedCode {
        NodFFI.TypedCode(
            issuer: issuer, account: account, secret: secret, digits: UInt8(clamping: digits),
            periodS: UInt32(clamping: periodS))
    }
}

extension NodFFI.KeyKind {
    var lifted: NodKit.KeyKind {
        switch self {
        case .approve: .approve
        case .deny: .deny
        case .enc: .enc
        case .channel: .channel
        }
    }
}

extension NodKit.KeyKind {
    var lowered: NodFFI.KeyKind {
        switch self {
        case .approve: .approve
        case .deny: .deny
        case .enc: .enc
        case .channel: .channel
        }
    }
}

extension NodFFI.PromptReason {
    var lifted: NodKit.PromptReason {
        switch self {
        case .silent: .silent
        case .enrol: .enrol
        case .approve(let service): .approve(service: service)
        case .offerMove: .offerMove
        case .moveAway(let service): .moveAway(service: service)
        case .takeOver(let service): .takeOver(service: service)
        }
    }
}

extension NodKit.KeyError {
    var lowered: NodFFI.KeyError {
        switch self {
        case .missing: .Missing
        case .exists: .Exists
        case .userNotVerified: .UserNotVerified
        case .invalidated: .Invalidated
        case .unavailable: .Unavailable
        }
    }
}

extension NodFFI.KeyError {
    var lifted: NodKit.KeyError {
        switch self {
        case .Missing: .missing
        case .Exists: .exists
        case .UserNotVerified: .userNotVerified
        case .Invalidated: .invalidated
        case .Unavailable: .unavailable
        }
    }
}

extension NodFFI.LogLevel {
    var lifted: NodKit.LogLevel {
        switch self {
        case .error: .error
        case .warning: .warning
        case .info: .info
        case .debug: .debug
        }
    }
}

extension NodKit.LogLevel {
    var lowered: NodFFI.LogLevel {
        switch self {
        case .error: .error
        case .warning: .warning
        case .info: .info
        case .debug: .debug
        }
    }
}
