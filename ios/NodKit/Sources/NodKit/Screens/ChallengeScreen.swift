// The challenge: the question, the number, the answer, and how it ended.

public enum Decision: Equatable, Sendable, CaseIterable {
    case approve
    case deny
    case report
}

public enum ChallengePhase: Equatable, Sendable {
    case asking
    case sending(Decision)
    case ended(ChallengeEnd)
}

public struct ChallengeState: Equatable, Sendable {
    public var pending: Pending?
    /// When it ends, in seconds of the monotonic clock.
    public var deadline = 0.0
    /// From when on a button takes a press.
    public var armedAt = 0.0
    public var now = 0.0
    /// The digits that were typed.
    public var typed = ""
    public var phase = ChallengePhase.asking
    public var error: PhoneError?
    /// How many more wait.
    public var others = 0

    public init() {}

    /// Whole seconds that are left, for the ring.
    public var secondsLeft: Int { max(0, Int((deadline - now).rounded(.up))) }
    /// The part of the time that is left, from 1 to 0.
    public var left: Double {
        guard let pending, pending.windowS > 0 else { return 0 }
        return min(1, max(0, (deadline - now) / pending.windowS))
    }

    /// Whether it is time to say aloud that little is left.
    public var isSoonOver: Bool { phase == .asking && secondsLeft > 0 && secondsLeft <= 10 }
    /// Whether Deny and Report take a press.
    public var canAnswer: Bool { pending != nil && phase == .asking && now >= armedAt && now < deadline }
    public var canApprove: Bool { canAnswer && typed.count == pending?.digits && error != .keyUnusable }
    /// The web site, where it is not the verified domain nor below it.
    public var otherSite: String? {
        guard let site = pending?.context.domain, let domain = pending?.serviceDomain else { return nil }
        let (asked, verified) = (plain(site), plain(domain))
        return asked == verified || asked.hasSuffix(".\(verified)") ? nil : site
    }

    private func plain(_ domain: String) -> String {
        let small = domain.lowercased()
        return small.hasSuffix(".") ? String(small.dropLast()) : small
    }
}

extension ChallengeState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "ChallengeState(\(pending?.id ?? "none"), \(phase), error: \(error as Any))" }
    public var debugDescription: String { description }
}

public enum ChallengeEvent: Equatable, Sendable {
    case shown(Pending, now: Double, others: Int)
    case tick(now: Double)
    case digitsTyped(String)
    case approvePressed
    case denyPressed
    case reportPressed
    case answered(AnswerOutcome)
    case answerFailed(PhoneError)
    /// A challenge ended without an answer from this phone.
    case gone(id: String, ChallengeEnd)
    /// Others came or went: they are counted again.
    case othersChanged
    case othersKnown(count: Int)
    case donePressed
}

public enum ChallengeEffect: Equatable, Sendable {
    case approve(id: String, number: String?)
    case deny(id: String)
    case report(id: String)
    case countOthers(than: String)
    case showNext(after: String)
    case close
}

public enum ChallengeScreen: Screen {
    public static let initial = ChallengeState()

    /// For how long after it appeared no button takes a press, in seconds.
    static let armedAfter = 0.5

    public static func reduce(
        _ state: ChallengeState, _ event: ChallengeEvent
    ) -> Next<ChallengeState, ChallengeEffect> {
        var s = state
        switch event {
        case .shown(let pending, let now, let others):
            s = ChallengeState()
            s.pending = pending
            s.now = now
            s.deadline = now + pending.secondsLeft
            s.armedAt = now + armedAfter
            s.others = others
        case .tick(let now):
            s.now = max(s.now, now)
            if s.pending != nil, s.phase == .asking, s.now >= s.deadline { end(&s, .expired) }
        case .digitsTyped(let text):
            guard s.phase == .asking else { return Next(s) }
            s.typed = String(digits(in: text).prefix(s.pending?.digits ?? 0))
            if s.error != .keyUnusable { s.error = nil }
        case .approvePressed:
            guard s.canApprove, let pending = s.pending else { return Next(s) }
            return send(s, .approve, .approve(id: pending.id, number: pending.digits == 0 ? nil : s.typed))
        case .denyPressed:
            guard s.canAnswer, let pending = s.pending else { return Next(s) }
            return send(s, .deny, .deny(id: pending.id))
        case .reportPressed:
            guard s.canAnswer, let pending = s.pending else { return Next(s) }
            return send(s, .report, .report(id: pending.id))
        case .answered(let outcome):
            if case .sending = s.phase { end(&s, .answered(outcome: outcome)) }
        case .answerFailed(let error):
            if case .sending(let decision) = s.phase { failed(&s, decision, error) }
        case .gone(let id, let how):
            // While an answer is on its way, what comes of it is the end.
            guard let pending = s.pending else { return Next(s) }
            if pending.id != id { return Next(s, .countOthers(than: pending.id)) }
            if s.phase == .asking { end(&s, how) }
        case .othersKnown(let count): s.others = count
        case .othersChanged:
            if let pending = s.pending { return Next(s, .countOthers(than: pending.id)) }
        case .donePressed:
            guard case .ended = s.phase, let pending = s.pending else { return Next(s) }
            return s.others > 0 ? Next(s, .showNext(after: pending.id)) : Next(s, .close)
        }
        return Next(s)
    }

    private static func send(
        _ state: ChallengeState, _ decision: Decision, _ effect: ChallengeEffect
    ) -> Next<ChallengeState, ChallengeEffect> {
        var s = state
        s.phase = .sending(decision)
        s.error = nil
        return Next(s, effect)
    }

    private static func end(_ s: inout ChallengeState, _ how: ChallengeEnd) {
        s.phase = .ended(how)
        s.typed = ""
        s.error = nil
    }

    private static func failed(_ s: inout ChallengeState, _ decision: Decision, _ error: PhoneError) {
        switch error {
        case .userNotVerified, .numberLength, .keyStoreUnavailable, .keyUnusable, .storage, .tooMany:
            s.phase = .asking
            s.error = error
            if s.now >= s.deadline { end(&s, .expired) }
        case .expired: end(&s, .expired)
        case .notFound: end(&s, .superseded)
        case .alreadyAnswered: end(&s, .answered(outcome: .conflict))
        default:
            // It was signed and may count: only the login server knows.
            switch decision {
            case .approve: end(&s, .approvedUnconfirmed)
            case .deny: end(&s, .deniedUnconfirmed)
            case .report: end(&s, .reportedUnconfirmed)
            }
        }
    }

    public static func event(of phone: PhoneEvent) -> ChallengeEvent? {
        switch phone {
        case .challengeGone(let id, let end): .gone(id: id, end)
        case .challenge, .missed: .othersChanged
        default: nil
        }
    }

    public static func tick(_ now: Double) -> ChallengeEvent? { .tick(now: now) }

    public static func runner(in world: World) -> Runner<ChallengeEffect, ChallengeEvent> {
        { effect, tell in
            do throws(PhoneError) {
                switch effect {
                case .approve(let id, let number):
                    tell(.answered(try await world.phone.approve(challenge: id, number: number)))
                case .deny(let id): tell(.answered(try await world.phone.deny(challenge: id)))
                case .report(let id): tell(.answered(try await world.phone.report(challenge: id)))
                case .countOthers(let id):
                    tell(.othersKnown(count: world.phone.pending().count { $0.id != id }))
                case .showNext(let last):
                    let next = world.phone.pending().first { $0.id != last }
                    world.navigate(.challengeClosed(next: next?.id))
                case .close:
                    world.navigate(.challengeClosed(next: nil))
                }
            } catch {
                tell(.answerFailed(error))
            }
        }
    }
}

extension ScreenModel where S == ChallengeScreen {
    /// Shows a challenge that the phone has; closes when it has it no more.
    public func show(_ id: String, in world: World) {
        let pending = world.phone.pending()
        guard let asked = pending.first(where: { $0.id == id }) else {
            world.navigate(.challengeClosed(next: pending.first?.id))
            return
        }
        send(.shown(asked, now: world.clock.now(), others: pending.count - 1))
    }
}

/// The ASCII digits of a text.
func digits(in text: String) -> String {
    text.filter { $0.isASCII && $0.isNumber }
}
