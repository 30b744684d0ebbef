// Everything outside that a screen reaches, and where navigation goes.

/// The ports, and the root.
public struct World: Sendable {
    public var phone: any PhonePort
    public var settings: any SettingsPort
    public var user: any UserPort
    public var clipboard: any ClipboardPort
    public var files: any FilePort
    public var permissions: any PermissionPort
    public var clock: any Clock
    /// Takes what every screen may ask: to open another, to close itself.
    public var navigate: @MainActor @Sendable (Navigation) -> Void

    public init(
        phone: any PhonePort, settings: any SettingsPort, user: any UserPort, clipboard: any ClipboardPort,
        files: any FilePort, permissions: any PermissionPort, clock: any Clock,
        navigate: @escaping @MainActor @Sendable (Navigation) -> Void
    ) {
        self.phone = phone
        self.settings = settings
        self.user = user
        self.clipboard = clipboard
        self.files = files
        self.permissions = permissions
        self.clock = clock
        self.navigate = navigate
    }
}

/// What a screen asks of the root, and the root of the platform.
public enum Navigation: Equatable, Sendable {
    case open(Route)
    case close
    /// The challenge on top is done with; `next` waits.
    case challengeClosed(next: String?)
    case unlocked
    case lockChanged(on: Bool)
    /// The root to the view of this route: the user wants to go back, which is its own cancel.
    case cancel(Route)
    /// The root to the platform: there is nothing left to go back to.
    case leave
}

/// A screen that can be opened. Its description shows no text that was scanned.
public enum Route: Hashable, Sendable {
    case welcome
    case home
    case scan(paste: Bool = false)
    case enrol(text: String)
    case addCode
    case codeDetails(id: String)
    case account(id: String)
    case history
    case settings
    case backup(BackupMode)
    case licences
    case moveOld
    case moveNew(text: String)
    case confirm(text: String)
}

extension Route: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .welcome: "welcome"
        case .home: "home"
        case .scan(let paste): "scan(paste: \(paste))"
        case .enrol: "enrol(…)"
        case .addCode: "addCode"
        case .codeDetails(let id): "codeDetails(\(id))"
        case .account(let id): "account(\(id))"
        case .history: "history"
        case .settings: "settings"
        case .backup(let mode): "backup(\(mode))"
        case .licences: "licences"
        case .moveOld: "moveOld"
        case .moveNew: "moveNew(…)"
        case .confirm: "confirm(…)"
        }
    }

    public var debugDescription: String { description }
}
