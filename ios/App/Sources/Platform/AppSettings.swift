// What the user chose, in the app's defaults: nothing that is secret.

import Foundation
import LocalAuthentication
import NodKit

/// The settings. The language is shared with the extension that shows a push.
final class AppSettings: SettingsPort {
    private let changed = Locked<(@MainActor @Sendable () -> Void)?>(nil)

    var lockOn: Bool { SharedDefaults.store.bool(forKey: Self.lockKey) }

    func setLock(on: Bool) {
        SharedDefaults.store.set(on, forKey: Self.lockKey)
    }

    var lockAvailable: Bool {
        LAContext().canEvaluatePolicy(.deviceOwnerAuthentication, error: nil)
    }

    var language: Language? { SharedDefaults.language }

    func setLanguage(_ language: Language?) {
        SharedDefaults.set(language)
        let changed = changed.value
        Task { @MainActor in changed?() }
    }

    var version: String {
        Bundle.main.object(forInfoDictionaryKey: "CFBundleShortVersionString") as? String ?? ""
    }

    /// The language that was chosen, or the phone's.
    var spoken: Language { SharedDefaults.spoken }

    /// Certificates that an organisation trusts for its relays beside the public ones, out of the configuration with which
    /// it manages this phone.
    var managedRootsPem: String? {
        let managed = UserDefaults.standard.dictionary(forKey: "com.apple.configuration.managed")
        return managed?["relayRootsPem"] as? String
    }

    /// Has `tell` told whenever another language was chosen.
    func whenLanguageChanges(_ tell: @escaping @MainActor @Sendable () -> Void) {
        changed.set(tell)
    }

    private static let lockKey = "lock"
}

/// A value that several threads use.
final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var kept: Value

    init(_ value: Value) {
        kept = value
    }

    var value: Value {
        lock.withLock { kept }
    }

    /// Says what it was before.
    @discardableResult
    func set(_ value: Value) -> Value {
        lock.withLock {
            let before = kept
            kept = value
            return before
        }
    }
}
