// The Rust core as the phone of NodKit.

import Foundation
import NodFFI
import NodKit

/// The phone of the Rust core. There is one in an app's process.
public final class CorePhone: PhonePort {
    let phone: NodPhone

    private init(_ phone: NodPhone) {
        self.phone = phone
    }

    /// Opens the phone: its vault in `directory`, which is made where there is none and must lie where no backup takes
    /// it along, and its keys.
    public static func open(
        _ settings: CoreSettings, keys: any KeyPort, directory: String, wake: (any WakePort)? = nil
    ) async throws(PhoneError) -> CorePhone {
        try await asking {
            let storage = try fileStorage(directory: directory)
            let tokens = wake.map(ForeignWake.init)
            let phone = try await NodPhone.open(
                settings: settings.lowered, keys: ForeignKeys(keys), storage: storage, wake: tokens)
            return CorePhone(phone)
        }
    }

    /// Sends what the core says to `sink` from now on, up to `level`. Only the first call counts, and says so.
    @discardableResult
    public static func log(to sink: any LogPort, upTo level: NodKit.LogLevel) -> Bool {
        logTo(sink: ForeignLog(sink), level: level.lowered)
    }

    public func events() -> AsyncStream<NodKit.PhoneEvent> {
        let events = phone.events()
        return AsyncStream { continuation in
            let pump = Task {
                while !Task.isCancelled { continuation.yield(await events.next().lifted) }
            }
            continuation.onTermination = { _ in pump.cancel() }
        }
    }

    public func connect() async throws(PhoneError) {
        try await asking { try await phone.connect() }
    }

    public func disconnect() async {
        await phone.disconnect()
    }

    public func relays() -> [Relay] {
        phone.relays().map(\.lifted)
    }

    public func wakeTokenChanged() {
        phone.wakeTokenChanged()
    }

    public func scan(_ text: String) throws(PhoneError) -> Scanned {
        try CoreVectors.scan(text)
    }

    public func enrol(qr: String) async throws(PhoneError) -> any Enrolment {
        CoreEnrolment(try await asking { try await phone.enrol(qr: qr) })
    }

    public func accounts() async throws(PhoneError) -> [Account] {
        try await asking { try await phone.accounts().map(\.lifted) }
    }

    public func rename(account: String, label: String) async throws(PhoneError) {
        try await asking { try await phone.rename(account: account, label: label) }
    }

    public func remove(account: String) async throws(PhoneError) {
        try await asking { try await phone.remove(account: account) }
    }

    public func confirmKeyChange(account: String) async throws(PhoneError) {
        try await asking { try await phone.confirmKeyChange(account: account) }
    }

    public func history() async throws(PhoneError) -> [HistoryEntry] {
        try await asking { try await phone.history().map(\.lifted) }
    }

    public func pending() -> [Pending] {
        phone.pending().map(\.lifted)
    }

    public func waitPending(seconds: Double) async throws(PhoneError) -> [Pending] {
        try await asking { try await phone.waitPending(seconds: seconds).map(\.lifted) }
    }

    public func approve(challenge: String, number: String?) async throws(PhoneError) -> NodKit.AnswerOutcome {
        try await asking { try await phone.approve(challenge: challenge, number: number).lifted }
    }

    public func deny(challenge: String) async throws(PhoneError) -> NodKit.AnswerOutcome {
        try await asking { try await phone.deny(challenge: challenge).lifted }
    }

    public func report(challenge: String) async throws(PhoneError) -> NodKit.AnswerOutcome {
        try await asking { try await phone.report(challenge: challenge).lifted }
    }
}

/// What a phone is made of, beside what the platform implements.
public struct CoreSettings: Sendable {
    /// 32 bytes that open the vault. The platform's key store guards them, and no backup takes them along.
    public var vaultKey: [UInt8]
    /// What the phone calls itself to services and to the other phone of a move, at most 64 characters.
    public var deviceName: String
    /// Its model, at most 64 characters.
    public var deviceModel: String
    /// PEM certificates that are trusted for relays beside the public ones.
    public var extraRootsPem: String?

    public init(vaultKey: [UInt8], deviceName: String, deviceModel: String, extraRootsPem: String? = nil) {
        self.vaultKey = vaultKey
        self.deviceName = deviceName
        self.deviceModel = deviceModel
        self.extraRootsPem = extraRootsPem
    }

    var lowered: PhoneSettings {
        PhoneSettings(
            vaultKey: Data(vaultKey), deviceName: deviceName, deviceModel: deviceModel, extraRootsPem: extraRootsPem)
    }
}

/// Runs a call of the core, and says in NodKit's words why it failed.
func asking<T>(_ call: () async throws -> T) async throws(PhoneError) -> T {
    do {
        return try await call()
    } catch {
        throw PhoneError(lifting: error)
    }
}
