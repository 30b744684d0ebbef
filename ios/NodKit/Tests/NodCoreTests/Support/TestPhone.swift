// A phone for tests: the real core, keys in memory, and a user who can be told to refuse.

import Foundation
import NodCore
import NodKit

/// Keys that ask a user for every use of an approve key, as a platform's do.
final class AskingKeys: KeyPort, @unchecked Sendable {
    private let keys = MemoryKeyPort()
    private let lock = NSLock()
    private var kinds: [String: KeyKind] = [:]
    private var broken: KeyKind?
    private var asked: [PromptReason] = []
    private var refusal: KeyError?
    private var refusals = 0

    /// What the user was asked for, in order.
    var prompts: [PromptReason] { lock.withLock { asked } }

    /// The next uses of an approve key fail like this.
    func failNext(_ error: KeyError, times: Int = 1) {
        lock.withLock { (refusal, refusals) = (error, times) }
    }

    /// From now on the store does not answer for keys of this kind.
    func fail(for kind: KeyKind) {
        lock.withLock { broken = kind }
    }

    /// From now on the user agrees.
    func agree() {
        lock.withLock { refusals = 0 }
    }

    func create(name: String, kind: KeyKind, attestTo: [UInt8]?) throws(KeyError) -> CreatedKey {
        let made = try keys.create(name: name, kind: kind, attestTo: attestTo)
        lock.withLock { kinds[name] = kind }
        return made
    }

    func publicKey(name: String) throws(KeyError) -> [UInt8] {
        try keys.publicKey(name: name)
    }

    func sign(name: String, message: [UInt8], reason: PromptReason) throws(KeyError) -> [UInt8] {
        let failure: KeyError? = lock.withLock {
            let kind = kinds[name]
            if kind == broken { return .unavailable }
            guard kind == .approve else { return nil }
            asked.append(reason)
            guard refusals > 0 else { return nil }
            refusals -= 1
            return refusal
        }
        if let failure { throw failure }
        return try keys.sign(name: name, message: message, reason: reason)
    }

    func agree(name: String, peer: [UInt8]) throws(KeyError) -> [UInt8] {
        try keys.agree(name: name, peer: peer)
    }

    func delete(name: String) throws(KeyError) {
        try keys.delete(name: name)
    }

    func verifiesUser() -> Bool { true }

    func attests() -> Bool { false }
}

/// A phone with a vault of its own.
struct TestPhone {
    let core: CorePhone
    let keys: AskingKeys
    private let folder: Folder

    static func open(_ name: String = "Alice’s iPhone") async throws -> TestPhone {
        let folder = try Folder()
        let keys = AskingKeys()
        let settings = CoreSettings(
            vaultKey: [UInt8](repeating: 7, count: 32), deviceName: name, deviceModel: "iPhone 15")
        let core = try await CorePhone.open(settings, keys: keys, directory: folder.path("vault"))
        return TestPhone(core: core, keys: keys, folder: folder)
    }

    /// The same phone, its app started anew.
    func reopened() async throws -> TestPhone {
        await core.disconnect()
        let settings = CoreSettings(
            vaultKey: [UInt8](repeating: 7, count: 32), deviceName: "Alice’s iPhone", deviceModel: "iPhone 15")
        let again = try await CorePhone.open(settings, keys: keys, directory: folder.path("vault"))
        return TestPhone(core: again, keys: keys, folder: folder)
    }

    /// Enrolled for `user` at a login server.
    @discardableResult
    func enrolled(at login: LoginServer, as user: String = "alice") async throws -> Account {
        let offer = try await login.offerEnrolment(of: user)
        let enrolment = try await core.enrol(qr: offer.qr)
        try await login.login("confirm", offer.id, enrolment.code).finish(with: 0)
        return try await enrolment.finished()
    }
}
