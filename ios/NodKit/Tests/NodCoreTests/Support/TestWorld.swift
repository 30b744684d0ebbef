// The world of a model in tests: the real phone and the real clock; what only a platform has is written down here.

import Foundation
import NodKit
import Observation

/// What a platform would have done, in order.
@MainActor
final class Platform {
    var lockOn = false
    var language: Language?
    /// What the user answers when they are to be verified.
    var userAgrees = true
    var verified: [VerifyReason] = []
    var copied: [String] = []
    var saved: [[UInt8]] = []
    var file: [UInt8]?
    var navigated: [Navigation] = []
}

struct TestSettings: SettingsPort {
    let platform: Platform
    var lockOn: Bool { MainActor.assumeIsolated { platform.lockOn } }
    func setLock(on: Bool) { MainActor.assumeIsolated { platform.lockOn = on } }
    var lockAvailable: Bool { true }
    var language: Language? { MainActor.assumeIsolated { platform.language } }
    func setLanguage(_ language: Language?) { MainActor.assumeIsolated { platform.language = language } }
    var version: String { "1.0" }
}

struct TestUser: UserPort {
    let platform: Platform
    func verify(_ reason: VerifyReason) async -> Bool {
        await MainActor.run {
            platform.verified.append(reason)
            return platform.userAgrees
        }
    }
}

struct TestClipboard: ClipboardPort {
    let platform: Platform
    func copy(secret: String) async { await MainActor.run { platform.copied.append(secret) } }
}

struct TestFiles: FilePort {
    let platform: Platform
    func save(_ bytes: [UInt8]) async -> Bool {
        await MainActor.run { platform.saved.append(bytes) }
        return true
    }
    func open() async -> [UInt8]? { await MainActor.run { platform.file } }
}

struct TestPermissions: PermissionPort {
    func camera() async -> Bool { true }
    func notifications() async -> Bool { false }
    func askNotifications() async -> Bool { true }
    func openPhoneSettings() async {}
}

struct RealClock: NodKit.Clock {
    func now() -> Double { ProcessInfo.processInfo.systemUptime }
    func wall() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }
}

@MainActor
func world(_ phone: any PhonePort, _ platform: Platform) -> World {
    World(
        phone: phone, settings: TestSettings(platform: platform), user: TestUser(platform: platform),
        clipboard: TestClipboard(platform: platform), files: TestFiles(platform: platform),
        permissions: TestPermissions(), clock: RealClock()
    ) { platform.navigated.append($0) }
}

extension ScreenModel {
    /// Waits until the state is as a test wants it, and says what the test wants to know of it.
    func value<T>(_ wanted: (S.State) -> T?) async throws -> T {
        while true {
            if let found = wanted(state) { return found }
            try await changed()
        }
    }

    /// Waits until the state is as a test wants it.
    func until(_ wanted: (S.State) -> Bool) async throws {
        while !wanted(state) { try await changed() }
    }

    private func changed() async throws {
        let once = Once()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                once.wait(continuation)
                withObservationTracking {
                    _ = state
                } onChange: {
                    once.go()
                }
            }
        } onCancel: {
            once.go()
        }
        guard !Task.isCancelled else {
            throw ProcessSurprise(description: "the state stays \(state)")
        }
    }
}

extension Platform {
    /// Waits until a screen has gone somewhere, and says where.
    func navigation() async throws -> Navigation {
        while true {
            if let last = navigated.last { return last }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Resumes what waits, once, whoever is first.
private final class Once: @unchecked Sendable {
    private let lock = NSLock()
    private var gone = false
    private var waiting: CheckedContinuation<Void, Never>?

    func wait(_ continuation: CheckedContinuation<Void, Never>) {
        lock.withLock {
            if gone { continuation.resume() } else { waiting = continuation }
        }
    }

    func go() {
        lock.withLock {
            gone = true
            waiting?.resume()
            waiting = nil
        }
    }
}
