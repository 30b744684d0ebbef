// The root: which screen is shown, the lock, and the challenge above everything.

/// What the root shows.
public struct RootState: Equatable, Sendable {
    public var started = false
    public var locked = false
    /// Routes; the last is shown.
    public var stack: [Route] = []
    /// The challenge that is shown above everything, also above the lock.
    public var challenge: String?
    /// A text that another app opened, kept while the lock is on.
    public var link: String?
    /// Whether the user wants the lock.
    public var lockOn = false
    /// When the app went to the background, in seconds of the monotonic clock.
    public var backgroundSince: Double?

    public init() {}
}

extension RootState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        "RootState(\(stack), locked: \(locked), challenge: \(challenge ?? "none"), link: \(link == nil ? "none" : "…"))"
    }

    public var debugDescription: String { description }
}

public enum RootEvent: Equatable, Sendable {
    case started(accounts: Int, codes: Int, lockOn: Bool, move: Move?, pending: [String])
    case phone(PhoneEvent)
    /// The challenges that wait, after events were missed.
    case pendingKnown([String])
    case open(Route)
    case back
    /// The screen on top is done.
    case closed
    case challengeClosed(next: String?)
    case linkOpened(text: String)
    case wentToBackground(now: Double)
    case cameToForeground(now: Double)
    case unlocked
    case lockChanged(on: Bool)
    /// How many accounts and one-time codes there are, together.
    case accountsChanged(count: Int)
}

public enum RootEffect: Equatable, Sendable {
    case connect
    case disconnect
    case count
    case loadPending
    /// Going back is this screen's own cancel.
    case cancel(Route)
    case leave
}

public enum RootScreen: Screen {
    public static let initial = RootState()

    /// For how long the app may be in the background without being locked, in seconds.
    static let lockAfter = 30.0

    public static func reduce(_ state: RootState, _ event: RootEvent) -> Next<RootState, RootEffect> {
        var s = state
        switch event {
        case .started(let accounts, let codes, let lockOn, let move, let pending):
            s.started = true
            s.lockOn = lockOn
            s.locked = lockOn
            s.stack = [bottom(accounts + codes)]
            if let move, !move.stage.isOver { s.stack.append(move.side == .old ? .moveOld : .moveNew(text: "")) }
            s.challenge = pending.first
            if !s.locked { follow(&s) }
            return Next(s, .connect)
        case .phone(let happening): return heard(s, happening)
        case .pendingKnown(let ids):
            if s.challenge == nil { s.challenge = ids.first }
        case .open(let route): push(&s, route)
        case .back: return back(s)
        case .closed:
            if s.stack.count > 1 { s.stack.removeLast() }
            return Next(s, .count)
        case .challengeClosed(let next): s.challenge = next
        case .linkOpened(let text):
            s.link = text
            if s.started, !s.locked { follow(&s) }
        case .wentToBackground(let now):
            s.backgroundSince = now
            return Next(s, .disconnect)
        case .cameToForeground(let now):
            if let since = s.backgroundSince, s.lockOn, now - since > lockAfter { s.locked = true }
            s.backgroundSince = nil
            return s.started ? Next(s, .connect, .loadPending) : Next(s)
        case .unlocked:
            s.locked = false
            follow(&s)
        case .lockChanged(let on): s.lockOn = on
        case .accountsChanged(let count):
            if s.started, !s.stack.isEmpty { s.stack[0] = bottom(count) }
        }
        return Next(s)
    }

    private static func heard(_ state: RootState, _ happening: PhoneEvent) -> Next<RootState, RootEffect> {
        var s = state
        switch happening {
        case .challenge(let id):
            if s.challenge == nil { s.challenge = id }
        case .accountAdded, .accountRemoved, .moveEnded: return Next(s, .count)
        case .missed: return Next(s, .count, .loadPending)
        default: break
        }
        return Next(s)
    }

    private static func back(_ state: RootState) -> Next<RootState, RootEffect> {
        var s = state
        // A challenge is denied, not left; the lock is not passed by.
        guard s.challenge == nil, !s.locked, s.stack.count > 1, let top = s.stack.last else { return Next(s, .leave) }
        switch top {
        case .enrol, .moveOld, .moveNew: return Next(s, .cancel(top))
        default:
            s.stack.removeLast()
            return Next(s, .count)
        }
    }

    /// What leads to somewhere else is left behind: from an account one goes back home, not to the scanner.
    private static func push(_ s: inout RootState, _ route: Route) {
        switch s.stack.last {
        case route: return
        case .scan, .confirm, .moveNew:
            if s.stack.count > 1 { s.stack.removeLast() }
        default: break
        }
        s.stack.append(route)
    }

    /// A link only ever opens a question.
    private static func follow(_ s: inout RootState) {
        guard let text = s.link else { return }
        s.link = nil
        push(&s, .confirm(text: text))
    }

    private static func bottom(_ count: Int) -> Route {
        count == 0 ? .welcome : .home
    }

    public static func event(of phone: PhoneEvent) -> RootEvent? { .phone(phone) }

    public static func runner(in world: World) -> Runner<RootEffect, RootEvent> {
        { effect, tell in
            switch effect {
            // What fails here is tried again at the next occasion, and the connections are shown by themselves.
            case .connect: try? await world.phone.connect()
            case .disconnect: await world.phone.disconnect()
            case .count:
                guard let accounts = try? await world.phone.accounts(), let codes = try? await world.phone.codes()
                else {
                    return
                }
                tell(.accountsChanged(count: accounts.count + codes.count))
            case .loadPending: tell(.pendingKnown(world.phone.pending().map(\.id)))
            case .cancel(let route): world.navigate(.cancel(route))
            case .leave: world.navigate(.leave)
            }
        }
    }
}

extension ScreenModel where S == RootScreen {
    /// Looks at the phone for the first time. What fails here is seen, and said, by the screens that look themselves.
    public func start(in world: World) async {
        let accounts = (try? await world.phone.accounts())?.count ?? 0
        let codes = (try? await world.phone.codes())?.count ?? 0
        let move = (try? await world.phone.moveStatus()) ?? nil
        let pending = world.phone.pending().map(\.id)
        send(.started(accounts: accounts, codes: codes, lockOn: world.settings.lockOn, move: move, pending: pending))
    }

    /// What a screen asked for; what only the platform can do is given back.
    public func take(_ navigation: Navigation) -> Navigation? {
        switch navigation {
        case .open(let route): send(.open(route))
        case .close: send(.closed)
        case .challengeClosed(let next): send(.challengeClosed(next: next))
        case .unlocked: send(.unlocked)
        case .lockChanged(let on): send(.lockChanged(on: on))
        case .cancel, .leave: return navigation
        }
        return nil
    }
}
