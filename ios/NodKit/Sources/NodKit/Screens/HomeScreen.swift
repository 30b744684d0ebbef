// Home: accounts, one-time codes, and how the connections stand.

/// A one-time code as it is shown. Its description shows no code.
public struct HomeCode: Equatable, Sendable, Identifiable {
    public var id: String
    public var issuer: String
    public var account: String
    /// The code; none for a counter-based one that has not been asked for.
    public var shown: String?
    /// When `shown` goes, in seconds of the monotonic clock; none for a counter-based one that shows nothing.
    public var deadline: Double?
    /// The length of a period in seconds; none for a counter-based one.
    public var period: Double?

    public init(
        id: String, issuer: String, account: String, shown: String?, deadline: Double? = nil, period: Double? = nil
    ) {
        self.id = id
        self.issuer = issuer
        self.account = account
        self.shown = shown
        self.deadline = deadline
        self.period = period
    }

    /// Whether each of its codes must be asked for.
    public var isCounted: Bool { period == nil }
}

extension HomeCode: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "HomeCode(\(id))" }
    public var debugDescription: String { description }
}

/// A relay without a connection, and why.
public struct OfflineRelay: Equatable, Sendable {
    public var relay: String
    public var reason: OfflineReason
    /// When it is tried again, in seconds of the monotonic clock; none when it is not.
    public var retryAt: Double?

    public init(relay: String, reason: OfflineReason, retryAt: Double?) {
        self.relay = relay
        self.reason = reason
        self.retryAt = retryAt
    }
}

public enum HomeMessage: Equatable, Sendable {
    case copied
    case failed(PhoneError)
}

public struct HomeState: Equatable, Sendable {
    public var accounts: [Account] = []
    public var codes: [HomeCode] = []
    /// Seconds of the monotonic clock.
    public var now = 0.0
    public var offline: [OfflineRelay] = []
    public var notificationsOff = false
    /// How many challenges wait.
    public var pending = 0
    public var message: HomeMessage?
    public var loading = false
    /// Whether codes whose period has ended are being loaded again.
    public var renewing = false

    public init() {}
}

public enum HomeEvent: Equatable, Sendable {
    case opened
    case accountsLoaded([Account])
    case codesLoaded([CodeEntry], now: Double)
    case relaysLoaded([Relay], pending: Int, now: Double)
    case notificationsKnown(allowed: Bool)
    case phone(PhoneEvent)
    case tick(now: Double)
    case accountPressed(id: String)
    case codePressed(id: String)
    case nextCodePressed(id: String)
    case nextCodeShown(id: String, code: String, now: Double)
    case codeMorePressed(id: String)
    case addPressed
    case historyPressed
    case settingsPressed
    case movePressed
    case notificationsPressed
    case failed(PhoneError)
    case messageGone
}

public enum HomeEffect: Equatable, Sendable {
    case loadAccounts
    case loadCodes
    case loadRelays
    case checkNotifications
    case askNotifications
    case copy(code: String)
    case nextCode(id: String)
    case open(Route)
}

public enum HomeScreen: Screen {
    public static let initial = HomeState()

    /// For how long the next code of a counter-based one stays in sight, in seconds.
    static let shownFor = 60.0

    public static func reduce(_ state: HomeState, _ event: HomeEvent) -> Next<HomeState, HomeEffect> {
        var s = state
        switch event {
        case .opened:
            s.loading = s.accounts.isEmpty && s.codes.isEmpty
            return Next(s, .loadAccounts, .loadCodes, .loadRelays, .checkNotifications)
        case .accountsLoaded(let accounts):
            s.accounts = accounts
            s.loading = false
        case .codesLoaded(let codes, let now):
            s.codes = codes.map { shown($0, now, before: s.codes) }
            s.now = max(s.now, now)
            s.renewing = false
        case .relaysLoaded(let relays, let pending, let now):
            s.pending = pending
            s.offline = relays.compactMap { offline($0, now, before: s.offline) }
        case .notificationsKnown(let allowed): s.notificationsOff = !allowed
        case .phone(let happening): return heard(s, happening)
        case .tick(let now): return ticked(s, now)
        case .failed(let error):
            s.loading = false
            s.renewing = false
            s.message = .failed(error)
        case .messageGone: s.message = nil
        case .nextCodeShown(let id, let code, let now):
            if let at = s.codes.firstIndex(where: { $0.id == id }) {
                s.codes[at].shown = code
                s.codes[at].deadline = now + shownFor
            }
        default: return pressed(s, event)
        }
        return Next(s)
    }

    private static func pressed(_ state: HomeState, _ event: HomeEvent) -> Next<HomeState, HomeEffect> {
        var s = state
        switch event {
        case .codePressed(let id):
            guard let pressed = s.codes.first(where: { $0.id == id }) else { return Next(s) }
            guard let code = pressed.shown else { return Next(s, .nextCode(id: id)) }
            s.message = .copied
            return Next(s, .copy(code: code))
        case .nextCodePressed(let id): return Next(s, .nextCode(id: id))
        case .codeMorePressed(let id): return Next(s, .open(.codeDetails(id: id)))
        case .accountPressed(let id): return Next(s, .open(.account(id: id)))
        case .addPressed: return Next(s, .open(.scan()))
        case .historyPressed: return Next(s, .open(.history))
        case .settingsPressed: return Next(s, .open(.settings))
        case .movePressed: return Next(s, .open(.moveOld))
        case .notificationsPressed: return Next(s, .askNotifications)
        default: return Next(s)
        }
    }

    /// A code whose period has ended is read anew, never computed here; a counter's code that was shown goes.
    private static func ticked(_ state: HomeState, _ now: Double) -> Next<HomeState, HomeEffect> {
        var s = state
        s.now = now
        let over = s.codes.indices.filter { at in s.codes[at].deadline.map { $0 <= now } ?? false }
        for at in over where s.codes[at].isCounted { (s.codes[at].shown, s.codes[at].deadline) = (nil, nil) }
        guard !s.renewing, over.contains(where: { !s.codes[$0].isCounted }) else { return Next(s) }
        s.renewing = true
        return Next(s, .loadCodes)
    }

    private static func heard(_ state: HomeState, _ happening: PhoneEvent) -> Next<HomeState, HomeEffect> {
        var s = state
        switch happening {
        case .online, .challenge, .challengeGone, .decided: return Next(s, .loadRelays)
        case .offline(let relay, let reason, _):
            // Only the reason is new: how long it is until the next attempt is asked for.
            s.offline.removeAll { $0.relay == relay }
            if reason != .asked { s.offline.append(OfflineRelay(relay: relay, reason: reason, retryAt: nil)) }
            return Next(s, .loadRelays)
        case .accountAdded, .accountRemoved, .accountChanged: return Next(s, .loadAccounts)
        case .moveEnded, .missed: return Next(s, .loadAccounts, .loadCodes, .loadRelays)
        case .answerRefused, .enrolmentFailed, .enrolmentVerified, .moveChanged: return Next(s)
        }
    }

    private static func shown(_ code: CodeEntry, _ now: Double, before: [HomeCode]) -> HomeCode {
        // What a counter-based one shows stays until its time is over: each code is given once.
        let counted = code.now == nil ? before.first { $0.id == code.id && $0.isCounted } : nil
        return HomeCode(
            id: code.id, issuer: code.issuer, account: code.account, shown: code.now?.code ?? counted?.shown,
            deadline: code.now.map { now + $0.secondsLeft } ?? counted?.deadline,
            period: code.now.map { Double($0.periodS) })
    }

    /// A relay that is being dialled for the first time is not called offline.
    private static func offline(_ relay: Relay, _ now: Double, before: [OfflineRelay]) -> OfflineRelay? {
        let known = before.first { $0.relay == relay.relay }
        if relay.online { return nil }
        if relay.replaced { return OfflineRelay(relay: relay.relay, reason: .replaced, retryAt: nil) }
        guard relay.retryInS != nil || known != nil else { return nil }
        let reason = known?.reason ?? .unreachable
        return OfflineRelay(relay: relay.relay, reason: reason, retryAt: relay.retryInS.map { now + $0 })
    }

    public static func event(of phone: PhoneEvent) -> HomeEvent? { .phone(phone) }
    public static func tick(_ now: Double) -> HomeEvent? { .tick(now: now) }

    public static func runner(in world: World) -> Runner<HomeEffect, HomeEvent> {
        { effect, tell in
            do throws(PhoneError) {
                switch effect {
                case .loadAccounts: tell(.accountsLoaded(try await world.phone.accounts()))
                case .loadCodes: tell(.codesLoaded(try await world.phone.codes(), now: world.clock.now()))
                case .loadRelays:
                    let pending = world.phone.pending().count
                    tell(.relaysLoaded(world.phone.relays(), pending: pending, now: world.clock.now()))
                case .checkNotifications: tell(.notificationsKnown(allowed: await world.permissions.notifications()))
                case .askNotifications: tell(.notificationsKnown(allowed: await world.permissions.askNotifications()))
                case .copy(let code): await world.clipboard.copy(secret: code)
                case .nextCode(let id):
                    let code = try await world.phone.nextCode(code: id)
                    tell(.nextCodeShown(id: id, code: code, now: world.clock.now()))
                case .open(let route): world.navigate(.open(route))
                }
            } catch {
                tell(.failed(error))
            }
        }
    }
}
