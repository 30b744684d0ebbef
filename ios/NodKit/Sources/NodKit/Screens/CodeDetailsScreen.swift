// One one-time code: its names, its place in the list, and how to remove it.

public struct CodeDetailsState: Equatable, Sendable {
    public var code: CodeEntry?
    public var issuer = ""
    public var account = ""
    /// Its place in the list, counted from 0.
    public var position = 0
    /// How many codes there are.
    public var count = 0
    public var saving = false
    public var saved = false
    public var askRemove = false
    public var error: PhoneError?

    public init() {}

    public var canSave: Bool {
        let (wantedIssuer, wantedAccount) = (trimmed(issuer), trimmed(account))
        let changed = wantedIssuer != code?.issuer || wantedAccount != code?.account
        return !saving && code != nil && changed && !(wantedIssuer.isEmpty && wantedAccount.isEmpty)
    }

    public var canMoveUp: Bool { !saving && code != nil && position > 0 }
    public var canMoveDown: Bool { !saving && code != nil && position < count - 1 }
}

public enum CodeDetailsEvent: Equatable, Sendable {
    case opened(id: String)
    case loaded(CodeEntry, position: Int, count: Int)
    case issuerChanged(String)
    case accountChanged(String)
    case savePressed
    case saved
    case upPressed
    case downPressed
    case moved
    case removePressed
    case removeConfirmed
    case removeDismissed
    case removed
    case failedWith(PhoneError)
    case backPressed
}

public enum CodeDetailsEffect: Equatable, Sendable {
    case load(id: String)
    case rename(id: String, issuer: String, account: String)
    case move(id: String, position: Int)
    case remove(id: String)
    case close
}

public enum CodeDetailsScreen: Screen {
    public static let initial = CodeDetailsState()

    public static func reduce(
        _ state: CodeDetailsState, _ event: CodeDetailsEvent
    ) -> Next<CodeDetailsState, CodeDetailsEffect> {
        var s = state
        switch event {
        case .opened(let id):
            s = CodeDetailsState()
            return Next(s, .load(id: id))
        case .loaded(let code, let position, let count):
            if s.code == nil { (s.issuer, s.account) = (code.issuer, code.account) }
            (s.code, s.position, s.count) = (code, position, count)
        case .issuerChanged(let issuer):
            s.issuer = issuer
            s.saved = false
            s.error = nil
        case .accountChanged(let account):
            s.account = account
            s.saved = false
            s.error = nil
        case .savePressed:
            guard s.canSave, let code = s.code else { return Next(s) }
            return busy(s, .rename(id: code.id, issuer: trimmed(s.issuer), account: trimmed(s.account)))
        case .saved:
            s.saving = false
            s.saved = true
            (s.issuer, s.account) = (trimmed(s.issuer), trimmed(s.account))
            s.code?.issuer = s.issuer
            s.code?.account = s.account
        case .upPressed:
            guard s.canMoveUp, let code = s.code else { return Next(s) }
            return busy(s, .move(id: code.id, position: s.position - 1))
        case .downPressed:
            guard s.canMoveDown, let code = s.code else { return Next(s) }
            return busy(s, .move(id: code.id, position: s.position + 1))
        case .moved:
            s.saving = false
            if let code = s.code { return Next(s, .load(id: code.id)) }
        case .removePressed: s.askRemove = true
        case .removeDismissed: s.askRemove = false
        case .removeConfirmed:
            guard s.askRemove, !s.saving, let code = s.code else { return Next(s) }
            s.askRemove = false
            return busy(s, .remove(id: code.id))
        case .removed, .backPressed: return Next(s, .close)
        case .failedWith(let error):
            s.saving = false
            s.error = error
        }
        return Next(s)
    }

    private static func busy(
        _ state: CodeDetailsState, _ effect: CodeDetailsEffect
    ) -> Next<CodeDetailsState, CodeDetailsEffect> {
        var s = state
        s.saving = true
        s.error = nil
        return Next(s, effect)
    }

    public static func runner(in world: World) -> Runner<CodeDetailsEffect, CodeDetailsEvent> {
        { effect, tell in
            do throws(PhoneError) {
                switch effect {
                case .load(let id):
                    let codes = try await world.phone.codes()
                    guard let position = codes.firstIndex(where: { $0.id == id }) else { throw .notFound }
                    tell(.loaded(codes[position], position: position, count: codes.count))
                case .rename(let id, let issuer, let account):
                    try await world.phone.renameCode(code: id, issuer: issuer, account: account)
                    tell(.saved)
                case .move(let id, let position):
                    try await world.phone.moveCode(code: id, position: position)
                    tell(.moved)
                case .remove(let id):
                    try await world.phone.removeCode(code: id)
                    tell(.removed)
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }
}
