// One account: its label, who checks its answers, and how to remove it.

public struct AccountState: Equatable, Sendable {
    public var account: Account?
    /// What the user calls it, as it is being typed.
    public var label = ""
    /// Whether something is under way.
    public var saving = false
    public var saved = false
    public var askRemove = false
    public var askKeyChange = false
    public var error: PhoneError?

    public init() {}

    public var canSave: Bool {
        let wanted = trimmed(label)
        return !saving && !wanted.isEmpty && account != nil && wanted != account?.label
    }
}

public enum AccountEvent: Equatable, Sendable {
    case opened(id: String)
    case loaded(Account)
    case labelChanged(String)
    case savePressed
    case saved
    case removePressed
    case removeConfirmed
    case removeDismissed
    case removed
    case keyChangePressed
    case keyChangeConfirmed
    case keyChangeDismissed
    case keyChanged
    case failedWith(PhoneError)
    /// The account changed, or went, by itself.
    case phone(PhoneEvent)
    case backPressed
}

public enum AccountEffect: Equatable, Sendable {
    case load(id: String)
    case rename(id: String, label: String)
    case remove(id: String)
    case confirmKeyChange(id: String)
    case close
}

public enum AccountScreen: Screen {
    public static let initial = AccountState()

    public static func reduce(_ state: AccountState, _ event: AccountEvent) -> Next<AccountState, AccountEffect> {
        var s = state
        switch event {
        case .opened(let id):
            s = AccountState()
            return Next(s, .load(id: id))
        case .loaded(let account):
            // What the user is typing stays.
            if s.account == nil || s.label == s.account?.label { s.label = account.label }
            s.account = account
        case .labelChanged(let label):
            s.label = label
            s.saved = false
            s.error = nil
        case .savePressed:
            guard s.canSave, let account = s.account else { return Next(s) }
            s.saving = true
            s.error = nil
            return Next(s, .rename(id: account.id, label: trimmed(s.label)))
        case .saved:
            s.saving = false
            s.saved = true
            s.label = trimmed(s.label)
            s.account?.label = s.label
        case .removePressed: s.askRemove = true
        case .removeDismissed: s.askRemove = false
        case .removeConfirmed:
            guard s.askRemove, !s.saving, let account = s.account else { return Next(s) }
            s.askRemove = false
            s.saving = true
            s.error = nil
            return Next(s, .remove(id: account.id))
        case .removed, .backPressed: return Next(s, .close)
        case .keyChangePressed: s.askKeyChange = s.account?.asksToVerifyItself != nil
        case .keyChangeDismissed: s.askKeyChange = false
        case .keyChangeConfirmed:
            guard s.askKeyChange, !s.saving, let account = s.account else { return Next(s) }
            s.askKeyChange = false
            s.saving = true
            s.error = nil
            return Next(s, .confirmKeyChange(id: account.id))
        case .keyChanged:
            s.saving = false
            if let account = s.account { return Next(s, .load(id: account.id)) }
        case .failedWith(let error):
            s.saving = false
            s.error = error
        case .phone(let happening): return heard(s, happening)
        }
        return Next(s)
    }

    private static func heard(_ s: AccountState, _ happening: PhoneEvent) -> Next<AccountState, AccountEffect> {
        guard let id = s.account?.id else { return Next(s) }
        switch happening {
        case .accountChanged(id): return Next(s, .load(id: id))
        case .missed: return Next(s, .load(id: id))
        // Its own removal closes the screen when the call is back.
        case .accountRemoved(id, let end) where end != .user: return Next(s, .close)
        default: return Next(s)
        }
    }

    public static func event(of phone: PhoneEvent) -> AccountEvent? { .phone(phone) }

    public static func runner(in world: World) -> Runner<AccountEffect, AccountEvent> {
        { effect, tell in
            do throws(PhoneError) {
                switch effect {
                case .load(let id):
                    let account = try await world.phone.accounts().first { $0.id == id }
                    guard let account else { throw .notFound }
                    tell(.loaded(account))
                case .rename(let id, let label):
                    try await world.phone.rename(account: id, label: label)
                    tell(.saved)
                case .remove(let id):
                    try await world.phone.remove(account: id)
                    tell(.removed)
                case .confirmKeyChange(let id):
                    try await world.phone.confirmKeyChange(account: id)
                    tell(.keyChanged)
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }
}

/// A text without the white space around it.
func trimmed(_ text: String) -> String {
    let start = text.drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
}
