// From the generated types to NodKit's: accounts, challenges, events.

import NodFFI
import NodKit

extension AccountView {
    var lifted: Account {
        Account(
            id: id, serviceName: serviceName, domain: domain, label: label, relay: relay,
            verifiesItself: verifiesItself, asksToVerifyItself: asksToVerifyItself, created: created)
    }
}

extension RelayView {
    var lifted: Relay {
        Relay(relay: relay, online: online, retryInS: retryInS, replaced: replaced)
    }
}

extension ScannedText {
    var lifted: Scanned {
        switch self {
        case .enrolment(let relay): .enrolment(relay: relay)
        case .move(let relay): .move(relay: relay)
        case .code(let issuer, let account): .code(issuer: issuer, account: account)
        case .export(let codes, let part, let parts):
            .export(codes: Int(codes), part: Int(part), parts: Int(parts))
        }
    }
}

extension ContextView {
    var lifted: Context {
        Context(
            application: application, domain: domain, address: address, place: place, device: device, detail: detail)
    }
}

extension PendingView {
    var lifted: Pending {
        Pending(
            id: id, account: account, serviceName: serviceName, serviceDomain: serviceDomain, label: label,
            context: context.lifted, digits: Int(digits), windowS: windowS, secondsLeft: secondsLeft)
    }
}

extension HistoryView {
    var lifted: HistoryEntry {
        HistoryEntry(
            id: id, account: account, serviceName: serviceName, label: label, context: context.lifted,
            end: end.lifted, at: at)
    }
}

extension NodFFI.AnswerOutcome {
    var lifted: NodKit.AnswerOutcome {
        switch self {
        case .approved: .approved
        case .denied: .denied
        case .reported: .reported
        case .wrongNumber: .wrongNumber
        case .expired: .expired
        case .superseded: .superseded
        case .conflict: .conflict
        case .refused: .refused
        }
    }
}

extension NodFFI.ChallengeEnd {
    var lifted: NodKit.ChallengeEnd {
        switch self {
        case .answered(let outcome): .answered(outcome: outcome.lifted)
        case .approvedUnconfirmed: .approvedUnconfirmed
        case .deniedUnconfirmed: .deniedUnconfirmed
        case .reportedUnconfirmed: .reportedUnconfirmed
        case .superseded: .superseded
        case .cancelled: .cancelled
        case .answeredElsewhere: .answeredElsewhere
        case .expired: .expired
        }
    }
}

extension NodFFI.OfflineReason {
    var lifted: NodKit.OfflineReason {
        switch self {
        case .unreachable: .unreachable
        case .untrusted: .untrusted
        case .draining: .draining
        case .replaced: .replaced
        case .protocol: .protocol
        case .asked: .asked
        }
    }
}

extension NodFFI.AccountEnd {
    var lifted: NodKit.AccountEnd {
        switch self {
        case .user: .user
        case .revoked: .revoked
        case .moved: .moved
        }
    }
}

extension NodFFI.PhoneEvent {
    var lifted: NodKit.PhoneEvent {
        switch self {
        case .online(let relay): .online(relay: relay)
        case .offline(let relay, let reason, let retryInS):
            .offline(relay: relay, reason: reason.lifted, retryInS: retryInS)
        case .challenge(let id): .challenge(id: id)
        case .challengeGone(let id, let end): .challengeGone(id: id, end: end.lifted)
        case .decided(let id, let outcome): .decided(id: id, outcome: outcome.lifted)
        case .answerRefused(let id): .answerRefused(id: id)
        case .accountAdded(let id): .accountAdded(id: id)
        case .enrolmentFailed(let id, let error): .enrolmentFailed(id: id, error: error.lifted)
        case .accountRemoved(let id, let end): .accountRemoved(id: id, end: end.lifted)
        case .accountChanged(let id): .accountChanged(id: id)
        case .moveChanged: .moveChanged
        case .moveEnded(let error): .moveEnded(error: error?.lifted)
        case .enrolmentVerified(let id): .enrolmentVerified(id: id)
        case .missed: .missed
        }
    }
}
