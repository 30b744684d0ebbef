// The shell around the screens, and the core's log.

import Foundation
import NodCore
import NodKit
import Testing

/// Everything that the core has said in this process.
private final class Said: LogPort, @unchecked Sendable {
    static let all = Said()

    private let lock = NSLock()
    private var said: [String] = []

    private init() {
        CorePhone.log(to: self, upTo: .debug)
    }

    var lines: [String] { lock.withLock { said } }

    func log(level: LogLevel, target: String, message: String) {
        lock.withLock { said.append("\(level) \(target) \(message)") }
    }
}

@Suite(.timeLimit(.minutes(1)))
@MainActor
struct ShellTests {
    @Test func noSecretAndNoNameIsInTheLog() async throws {
        let said = Said.all
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open("Rumpelstiltskin’s iPhone")
        let offer = try await login.offerEnrolment(of: "rumpelstiltskin")
        let enrolment = try await phone.core.enrol(qr: offer.qr)
        try await login.login("confirm", offer.id, enrolment.code).finish(with: 0)
        _ = try await enrolment.finished()
        _ = try await phone.core.addCodes(text: "otpauth://totp/Canary:rumpelstiltskin?secret=KRUGKIDROVUWG2ZA")
        let push = try await login.push("rumpelstiltskin", "--number", "six", "--detail", "canary-detail")
        _ = try await phone.core.waitPending(seconds: 20)
        let number = try #require(push.number)
        #expect(try await phone.core.approve(challenge: push.id, number: number) == .approved)
        try await push.page.finish(with: 0)
        let move = try await phone.core.offerMove(relay: nil)
        try await phone.core.cancelMove()

        // What goes wrong is said.
        await phone.core.disconnect()
        phone.keys.fail(for: .channel)
        try await phone.core.connect()
        while !said.lines.contains(where: { $0.contains("warning nod_phone") && $0.contains("no hello") }) {
            try await Task.sleep(for: .milliseconds(10))
        }

        let lines = said.lines
        let secrets = [
            "umpelstiltskin", "KRUGKIDROVUWG2ZA", "canary", enrolment.code, number, try secret(in: offer.qr),
            try secret(in: move.qr),
        ]
        for secret in secrets {
            #expect(lines.filter { $0.contains(secret) }.isEmpty)
        }
    }

    /// The secret of a QR code.
    private func secret(in qr: String) throws -> String {
        let part = qr.split(separator: "&").first { $0.hasPrefix("s=") }
        return String(try #require(part).dropFirst(2))
    }

    @Test func aModelThatNobodyHoldsIsFreed() async throws {
        let phone = try await TestPhone.open()
        let platform = Platform()
        weak var held: ScreenModel<HomeScreen>?
        do {
            let model = ScreenModel(HomeScreen.self, in: world(phone.core, platform))
            held = model
            model.send(.opened)
            try await model.until { $0.notificationsOff && !$0.loading }
            #expect(held != nil)
        }
        // The effect that ended last may still be letting go.
        for _ in 0..<100 where held != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(held == nil)
    }

    @Test func aModelTicksWhileItsViewLives() async throws {
        let phone = try await TestPhone.open()
        let model = ScreenModel(HomeScreen.self, in: world(phone.core, Platform()))
        let view = Task { await model.live() }
        let first = try await model.value { $0.now > 0 ? $0.now : nil }
        try await model.until { $0.now > first }
        view.cancel()
        await view.value
    }

    @Test func aDamagedVaultAndAWrongKeyAreToldApart() async throws {
        let folder = try Folder()
        let path = folder.path("vault")
        let settings = CoreSettings(vaultKey: [UInt8](repeating: 1, count: 32), deviceName: "a", deviceModel: "b")
        _ = try await CorePhone.open(settings, keys: MemoryKeyPort(), directory: path)
        var other = settings
        other.vaultKey = [UInt8](repeating: 2, count: 32)
        await #expect(throws: PhoneError.wrongPassphrase) {
            try await CorePhone.open(other, keys: MemoryKeyPort(), directory: path)
        }
        other.vaultKey = [1, 2, 3]
        await #expect(throws: PhoneError.malformed(argument: "vault_key")) {
            try await CorePhone.open(other, keys: MemoryKeyPort(), directory: path)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let file = URL(fileURLWithPath: path).appendingPathComponent(name)
            var bytes = try Data(contentsOf: file)
            guard !bytes.isEmpty else { continue }
            bytes.removeLast()
            try bytes.write(to: file)
        }
        await #expect(throws: PhoneError.damaged) {
            try await CorePhone.open(settings, keys: MemoryKeyPort(), directory: path)
        }
    }
}
