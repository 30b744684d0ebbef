// A one-time code that is typed by hand.

public struct AddCodeState: Equatable, Sendable {
    public var issuer = ""
    public var account = ""
    /// In base32. Not in the description.
    public var secret = ""
    public var digits = 6
    public var periodS = 30
    public var saving = false
    public var error: PhoneError?

    public init() {}

    public var canSave: Bool {
        !saving && !trimmed(secret).isEmpty && !(trimmed(issuer).isEmpty && trimmed(account).isEmpty)
    }
}

extension AddCodeState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "AddCodeState(\(digits) digits, \(periodS) s, error: \(error as Any))" }
    public var debugDescription: String { description }
}

public enum AddCodeEvent: Equatable, Sendable {
    case issuerChanged(String)
    case accountChanged(String)
    case secretChanged(String)
    case digitsChosen(Int)
    case periodChosen(seconds: Int)
    case savePressed
    case saved
    case failedWith(PhoneError)
    case backPressed
}

public enum AddCodeEffect: Equatable, Sendable {
    case add(TypedCode)
    case close
}

public enum AddCodeScreen: Screen {
    public static let initial = AddCodeState()

    /// What can be chosen.
    public static let digits = [6, 8]
    public static let periods = [30, 60]

    public static func reduce(_ state: AddCodeState, _ event: AddCodeEvent) -> Next<AddCodeState, AddCodeEffect> {
        var s = state
        switch event {
        case .issuerChanged(let issuer):
            s.issuer = issuer
            s.error = nil
        case .accountChanged(let account):
            s.account = account
            s.error = nil
        case .secretChanged(let secret):
            s.secret = secret
            s.error = nil
        case .digitsChosen(let count):
            if digits.contains(count) { s.digits = count }
        case .periodChosen(let seconds):
            if periods.contains(seconds) { s.periodS = seconds }
        case .savePressed:
            guard s.canSave else { return Next(s) }
            s.saving = true
            s.error = nil
            let code = TypedCode(
                issuer: trimmed(s.issuer), account: trimmed(s.account), secret: trimmed(s.secret), digits: s.digits,
                periodS: s.periodS)
            return Next(s, .add(code))
        case .saved:
            s.secret = ""
            return Next(s, .close)
        case .failedWith(let error):
            s.saving = false
            s.error = error
        case .backPressed: return Next(s, .close)
        }
        return Next(s)
    }

    public static func runner(in world: World) -> Runner<AddCodeEffect, AddCodeEvent> {
        { effect, tell in
            do throws(PhoneError) {
                switch effect {
                case .add(let code):
                    try await world.phone.addTypedCode(code)
                    tell(.saved)
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }
}
