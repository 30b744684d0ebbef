// The question before a text is used that came from outside the scanner.

public struct ConfirmState: Equatable, Sendable {
    public var text = ""
    public var scanned: Scanned?
    public var busy = false
    public var error: PhoneError?

    public init() {}

    public var canContinue: Bool { scanned != nil && !busy }
}

extension ConfirmState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "ConfirmState(\(scanned as Any), busy: \(busy), error: \(error as Any))" }
    public var debugDescription: String { description }
}

public enum ConfirmEvent: Equatable, Sendable {
    case opened(text: String)
    case readAs(Scanned)
    case readFailed(PhoneError)
    case continuePressed
    case codesAdded
    case codesFailed(PhoneError)
    case cancelPressed
}

public enum ConfirmEffect: Equatable, Sendable {
    case read(text: String)
    case addCodes(text: String)
    case open(Route)
    case close
}

public enum ConfirmScreen: Screen {
    public static let initial = ConfirmState()

    public static func reduce(_ state: ConfirmState, _ event: ConfirmEvent) -> Next<ConfirmState, ConfirmEffect> {
        var s = state
        switch event {
        case .opened(let text):
            s = ConfirmState()
            s.text = text
            return Next(s, .read(text: text))
        case .readAs(let scanned): s.scanned = scanned
        case .readFailed(let error): s.error = error
        case .continuePressed:
            if s.busy { return Next(s) }
            switch s.scanned {
            case .enrolment: return Next(s, .open(.enrol(text: s.text)))
            case .move: return Next(s, .open(.moveNew(text: s.text)))
            case .code, .export:
                s.busy = true
                s.error = nil
                return Next(s, .addCodes(text: s.text))
            case nil: break
            }
        case .codesAdded: return Next(s, .close)
        case .codesFailed(let error):
            s.busy = false
            s.error = error
        case .cancelPressed: return Next(s, .close)
        }
        return Next(s)
    }

    public static func runner(in world: World) -> Runner<ConfirmEffect, ConfirmEvent> {
        { effect, tell in
            switch effect {
            case .read(let text):
                do throws(PhoneError) {
                    tell(.readAs(try world.phone.scan(text)))
                } catch {
                    tell(.readFailed(error))
                }
            case .addCodes(let text):
                do throws(PhoneError) {
                    _ = try await world.phone.addCodes(text: text)
                    tell(.codesAdded)
                } catch {
                    tell(.codesFailed(error))
                }
            case .open(let route): world.navigate(.open(route))
            case .close: world.navigate(.close)
            }
        }
    }
}
