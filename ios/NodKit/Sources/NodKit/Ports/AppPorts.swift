// What the app itself needs of the platform: settings, the user, clipboard, files, camera, notifications, clocks.

/// What the user chose. Kept by the platform.
public protocol SettingsPort: Sendable {
    /// Whether the app asks who is there when it opens.
    var lockOn: Bool { get }
    func setLock(on: Bool)
    /// Whether the phone can verify its user at all.
    var lockAvailable: Bool { get }
    /// The language that was chosen; none for the phone's own.
    var language: Language? { get }
    func setLanguage(_ language: Language?)
    /// The app's version, as it is shown.
    var version: String { get }
}

/// What the user is verified for, outside the core's own keys.
public enum VerifyReason: Equatable, Sendable, CaseIterable {
    case unlock
    case setting
    case export
}

/// Verifies the user for the app's own lock.
public protocol UserPort: Sendable {
    func verify(_ reason: VerifyReason) async -> Bool
}

/// Copies what is secret: marked as such, kept on this phone, and cleared after 60 s.
public protocol ClipboardPort: Sendable {
    func copy(secret: String) async
}

/// Saves and opens a backup.
public protocol FilePort: Sendable {
    /// Lets the user say where; false when they did not, or it failed.
    func save(_ bytes: [UInt8]) async -> Bool
    /// Lets the user choose; none when they did not, or it failed.
    func open() async -> [UInt8]?
}

/// What the user lets the app do.
public protocol PermissionPort: Sendable {
    /// Asks for the camera where it has not been asked for.
    func camera() async -> Bool
    /// Whether notifications can be shown.
    func notifications() async -> Bool
    /// Asks for notifications, or opens the phone's settings where asking is no use any more; says whether they can be
    /// shown now.
    func askNotifications() async -> Bool
    /// Opens the phone's settings for this app.
    func openPhoneSettings() async
}

/// The clocks. Nothing else reads one.
public protocol Clock: Sendable {
    /// Seconds of a monotonic clock that also counts while the phone sleeps.
    func now() -> Double
    /// Milliseconds since 1970.
    func wall() -> UInt64
}
