// Settings: the lock, the language, and the ways to everything else.

public struct SettingsState: Equatable, Sendable {
    public var lockOn = false
    /// Whether the phone can verify its user at all.
    public var lockAvailable = false
    /// None: the phone's.
    public var language: Language?
    /// How many one-time codes there are.
    public var codes = 0
    public var version = ""
    public var busy = false
    /// What the lock is to become once the user is verified.
    public var wantedLock: Bool?
    /// Whether it was not confirmed who is there.
    public var refused = false
    public var error: PhoneError?

    public init() {}
}

public struct LoadedSettings: Equatable, Sendable {
    public var lockOn: Bool
    public var lockAvailable: Bool
    public var language: Language?
    public var codes: Int
    public var version: String

    public init(lockOn: Bool, lockAvailable: Bool, language: Language?, codes: Int, version: String) {
        self.lockOn = lockOn
        self.lockAvailable = lockAvailable
        self.language = language
        self.codes = codes
        self.version = version
    }
}

public enum SettingsEvent: Equatable, Sendable {
    case opened
    case loaded(LoadedSettings)
    case failedWith(PhoneError)
    case lockToggled(on: Bool)
    case userVerified
    case userRefused
    /// None: the phone's.
    case languageChosen(Language?)
    case exportPressed
    case restorePressed
    case movePressed
    case licencesPressed
    case historyPressed
    case backPressed
}

public enum SettingsEffect: Equatable, Sendable {
    case load
    case verifyUser
    case setLock(on: Bool)
    case setLanguage(Language?)
    case open(Route)
    case close
}

public enum SettingsScreen: Screen {
    public static let initial = SettingsState()

    public static func reduce(_ state: SettingsState, _ event: SettingsEvent) -> Next<SettingsState, SettingsEffect> {
        var s = state
        switch event {
        case .opened: return Next(s, .load)
        case .loaded(let loaded):
            (s.lockOn, s.lockAvailable) = (loaded.lockOn, loaded.lockAvailable)
            (s.language, s.codes, s.version) = (loaded.language, loaded.codes, loaded.version)
        case .failedWith(let error): s.error = error
        case .lockToggled(let on):
            if s.busy || on == s.lockOn || (on && !s.lockAvailable) { return Next(s) }
            s.busy = true
            s.refused = false
            s.wantedLock = on
            return Next(s, .verifyUser)
        case .userVerified:
            guard let on = s.wantedLock else { return Next(s) }
            s.busy = false
            s.wantedLock = nil
            s.lockOn = on
            return Next(s, .setLock(on: on))
        case .userRefused:
            s.busy = false
            s.wantedLock = nil
            s.refused = true
        case .languageChosen(let language):
            s.language = language
            return Next(s, .setLanguage(language))
        case .exportPressed: return s.codes > 0 ? Next(s, .open(.backup(.export))) : Next(s)
        case .restorePressed: return Next(s, .open(.backup(.restore)))
        case .movePressed: return Next(s, .open(.moveOld))
        case .licencesPressed: return Next(s, .open(.licences))
        case .historyPressed: return Next(s, .open(.history))
        case .backPressed: return Next(s, .close)
        }
        return Next(s)
    }

    public static func runner(in world: World) -> Runner<SettingsEffect, SettingsEvent> {
        { effect, tell in
            let settings = world.settings
            switch effect {
            case .load:
                func loaded(codes: Int) -> SettingsEvent {
                    .loaded(
                        LoadedSettings(
                            lockOn: settings.lockOn, lockAvailable: settings.lockAvailable,
                            language: settings.language, codes: codes, version: settings.version))
                }
                do throws(PhoneError) {
                    tell(loaded(codes: try await world.phone.codes().count))
                } catch {
                    tell(loaded(codes: 0))
                    tell(.failedWith(error))
                }
            case .verifyUser: tell(await world.user.verify(.setting) ? .userVerified : .userRefused)
            case .setLock(let on):
                settings.setLock(on: on)
                world.navigate(.lockChanged(on: on))
            case .setLanguage(let language): settings.setLanguage(language)
            case .open(let route): world.navigate(.open(route))
            case .close: world.navigate(.close)
            }
        }
    }
}
