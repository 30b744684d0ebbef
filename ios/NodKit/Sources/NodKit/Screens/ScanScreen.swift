// The scanner, and the field to paste into.

public enum ScanMode: Equatable, Sendable {
    case camera
    case paste
}

public enum CameraAccess: Equatable, Sendable {
    case unknown
    case allowed
    case refused
}

public struct ScanState: Equatable, Sendable {
    public var mode = ScanMode.camera
    public var camera = CameraAccess.unknown
    /// What is typed or pasted.
    public var text = ""
    public var busy = false
    public var error: PhoneError?
    /// The codes that were added by the last text.
    public var added: AddedCodes?
    /// What the camera saw last: it is read once while it stays there.
    public var seen: String?

    public init() {}

    /// Whether the text can be sent in.
    public var canSubmit: Bool { !busy && text.contains { !$0.isWhitespace } }
    /// Whether the camera looks for another part of an export.
    public var wantsMore: Bool { (added?.parts ?? 1) > 1 }
}

extension ScanState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "ScanState(\(mode), camera: \(camera), busy: \(busy), error: \(error as Any))" }
    public var debugDescription: String { description }
}

public enum ScanEvent: Equatable, Sendable {
    case opened(paste: Bool)
    case cameraAnswered(allowed: Bool)
    case found(text: String)
    case modeChosen(ScanMode)
    case textChanged(String)
    case submitPressed
    case readAs(text: String, scanned: Scanned)
    case readFailed(PhoneError)
    case codesAdded(AddedCodes)
    case codesFailed(PhoneError)
    /// A one-time code is typed by hand instead.
    case typedPressed
    case phoneSettingsPressed
    case donePressed
}

public enum ScanEffect: Equatable, Sendable {
    case askCamera
    case openPhoneSettings
    case read(text: String)
    case addCodes(text: String)
    case open(Route)
    case close
}

public enum ScanScreen: Screen {
    public static let initial = ScanState()

    public static func reduce(_ state: ScanState, _ event: ScanEvent) -> Next<ScanState, ScanEffect> {
        var s = state
        switch event {
        case .opened(let paste):
            s.mode = paste ? .paste : .camera
            return paste ? Next(s) : Next(s, .askCamera)
        case .cameraAnswered(let allowed):
            s.camera = allowed ? .allowed : .refused
        case .found(let text):
            if s.busy || s.mode != .camera || text == s.seen { return Next(s) }
            s.seen = text
            return read(s, text)
        case .modeChosen(let mode):
            s.mode = mode
            s.error = nil
            if mode == .camera, s.camera != .allowed { return Next(s, .askCamera) }
        case .textChanged(let text):
            s.text = text
            s.error = nil
        case .submitPressed:
            if s.canSubmit { return read(s, s.text) }
        case .readAs(let text, let scanned):
            return lead(s, text, scanned)
        case .readFailed(let error), .codesFailed(let error):
            s.busy = false
            s.error = error
        case .codesAdded(let added):
            s.busy = false
            s.added = added
            s.text = ""
        case .typedPressed: return Next(s, .open(.addCode))
        case .phoneSettingsPressed: return Next(s, .openPhoneSettings)
        case .donePressed: return Next(s, .close)
        }
        return Next(s)
    }

    private static func read(_ state: ScanState, _ text: String) -> Next<ScanState, ScanEffect> {
        var s = state
        s.busy = true
        s.error = nil
        s.added = nil
        return Next(s, .read(text: text))
    }

    private static func lead(_ state: ScanState, _ text: String, _ scanned: Scanned) -> Next<ScanState, ScanEffect> {
        var s = state
        switch scanned {
        case .enrolment:
            s.busy = false
            return Next(s, .open(.enrol(text: text)))
        case .move:
            s.busy = false
            return Next(s, .open(.moveNew(text: text)))
        case .code, .export:
            return Next(s, .addCodes(text: text))
        }
    }

    public static func runner(in world: World) -> Runner<ScanEffect, ScanEvent> {
        { effect, tell in
            switch effect {
            case .askCamera: tell(.cameraAnswered(allowed: await world.permissions.camera()))
            case .openPhoneSettings: await world.permissions.openPhoneSettings()
            case .read(let text):
                do throws(PhoneError) {
                    tell(.readAs(text: text, scanned: try world.phone.scan(text)))
                } catch {
                    tell(.readFailed(error))
                }
            case .addCodes(let text):
                do throws(PhoneError) {
                    tell(.codesAdded(try await world.phone.addCodes(text: text)))
                } catch {
                    tell(.codesFailed(error))
                }
            case .open(let route): world.navigate(.open(route))
            case .close: world.navigate(.close)
            }
        }
    }
}
