// The keys of the accounts: made in the Secure Enclave, and never outside it.

import Foundation
import LocalAuthentication
import NodKit
import Security

/// The Secure Enclave as the core's key store. Calls block, `sign` with an `approve` key for as long as the user is asked:
/// the core makes them on threads of its own.
///
/// In the simulator the keys are software, and nobody is asked: `verifiesUser` says so, and that enters what is signed.
final class SecureEnclaveKeys: KeyPort {
    private let records = KeyRecords()
    private let prompt: @Sendable (PromptReason) -> Prompt

    /// What the sheet says that asks for the user.
    struct Prompt: Sendable {
        var reason: String
        var cancel: String
    }

    /// `prompt` gives the words in the user's language at that moment.
    init(prompt: @escaping @Sendable (PromptReason) -> Prompt) {
        self.prompt = prompt
    }

    func create(name: String, kind: KeyKind, attestTo _: [UInt8]?) throws(KeyError) -> CreatedKey {
        if try records.read(name) != nil { throw .exists }
        // The record is written last. A key without one is what is left of a call that was cut short.
        try deleteKey(name)
        var failure: Unmanaged<CFError>?
        let attributes = try Self.attributes(of: kind, tag: Self.tag(name))
        guard let key = SecKeyCreateRandomKey(CoreFoundationBridge.dictionary(attributes), &failure) else {
            throw Self.meaning(of: failure)
        }
        do {
            let publicKey = try Self.publicHalf(of: key)
            let asks = kind == .approve
            let record = KeyRecord(asks: asks, publicKey: Data(publicKey), biometry: asks ? Biometry.current() : nil)
            try records.add(record, as: name)
            return CreatedKey(publicKey: publicKey)
        } catch {
            try deleteKey(name)
            throw error
        }
    }

    func publicKey(name: String) throws(KeyError) -> [UInt8] {
        [UInt8](try record(of: name).publicKey)
    }

    func sign(name: String, message: [UInt8], reason: PromptReason) throws(KeyError) -> [UInt8] {
        let record = try record(of: name)
        let context = record.asks ? context(for: reason) : nil
        defer { context?.invalidate() }
        let key = try find(name, record, context)
        var failure: Unmanaged<CFError>?
        let signature = SecKeyCreateSignature(
            key, .ecdsaSignatureMessageX962SHA256, CoreFoundationBridge.data(message), &failure)
        guard let signature else { throw Self.meaning(of: failure, for: record) }
        return CoreFoundationBridge.bytes(signature)
    }

    func agree(name: String, peer: [UInt8]) throws(KeyError) -> [UInt8] {
        let record = try record(of: name)
        let key = try find(name, record, nil)
        let attributes: [CFString: Any] = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrKeyClass: kSecAttrKeyClassPublic,
            kSecAttrKeySizeInBits: Self.bits,
        ]
        var failure: Unmanaged<CFError>?
        let point = SecKeyCreateWithData(
            CoreFoundationBridge.data(peer), CoreFoundationBridge.dictionary(attributes), &failure)
        guard let point else { throw Self.meaning(of: failure) }
        let shared = SecKeyCopyKeyExchangeResult(
            key, .ecdhKeyExchangeStandard, point, CoreFoundationBridge.dictionary([:]), &failure)
        guard let shared else { throw Self.meaning(of: failure, for: record) }
        return CoreFoundationBridge.bytes(shared)
    }

    func delete(name: String) throws(KeyError) {
        try deleteKey(name)
        try records.delete(name)
    }

    /// Deletes every key that an earlier installation left behind. The Keychain outlives the app, its vault does not.
    func deleteAll() throws(KeyError) {
        try Self.delete([kSecClass: kSecClassKey, kSecUseDataProtectionKeychain: true])
        try records.deleteAll()
    }

    func verifiesUser() -> Bool {
        #if targetEnvironment(simulator)
            false
        #else
            true
        #endif
    }

    /// The platform attests an app (App Attest) and not a key of the Secure Enclave that the app made.
    func attests() -> Bool {
        false
    }

    // MARK: - Inside

    private func record(of name: String) throws(KeyError) -> KeyRecord {
        guard let record = try records.read(name) else { throw .missing }
        return record
    }

    /// A new context for each use: none is remembered, so each use asks.
    private func context(for reason: PromptReason) -> LAContext {
        let words = prompt(reason)
        let context = LAContext()
        context.localizedReason = words.reason
        context.localizedCancelTitle = words.cancel
        context.localizedFallbackTitle = ""
        context.touchIDAuthenticationAllowableReuseDuration = 0
        return context
    }

    private func find(_ name: String, _ record: KeyRecord, _ context: LAContext?) throws(KeyError) -> SecKey {
        var query = Self.query(name)
        query[kSecReturnRef] = true
        query[kSecMatchLimit] = kSecMatchLimitOne
        query[kSecUseAuthenticationContext] = context
        var found: CFTypeRef?
        let status = SecItemCopyMatching(CoreFoundationBridge.dictionary(query), &found)
        guard status == errSecSuccess else {
            throw KeyFailure(status: status).meaning(biometryChanged: Self.biometryChanged(since: record))
        }
        guard let key = CoreFoundationBridge.key(found: found) else { throw .unavailable }
        return key
    }

    private func deleteKey(_ name: String) throws(KeyError) {
        try Self.delete(Self.query(name))
    }

    private static func delete(_ query: [CFString: Any]) throws(KeyError) {
        switch SecItemDelete(CoreFoundationBridge.dictionary(query)) {
        case errSecSuccess, errSecItemNotFound: return
        default: throw .unavailable
        }
    }

    private static func attributes(of kind: KeyKind, tag: Data) throws(KeyError) -> [CFString: Any] {
        var kept: [CFString: Any] = [kSecAttrIsPermanent: true, kSecAttrApplicationTag: tag]
        var attributes: [CFString: Any] = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrKeySizeInBits: bits,
            kSecUseDataProtectionKeychain: true,
        ]
        #if targetEnvironment(simulator)
            kept[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        #else
            kept[kSecAttrAccessControl] = try KeyAccess.control(for: kind)
            attributes[kSecAttrTokenID] = kSecAttrTokenIDSecureEnclave
        #endif
        attributes[kSecPrivateKeyAttrs] = kept
        return attributes
    }

    private static func query(_ name: String) -> [CFString: Any] {
        [
            kSecClass: kSecClassKey,
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrApplicationTag: tag(name),
            kSecUseDataProtectionKeychain: true,
        ]
    }

    private static func publicHalf(of key: SecKey) throws(KeyError) -> [UInt8] {
        var failure: Unmanaged<CFError>?
        guard let half = SecKeyCopyPublicKey(key) else { throw .unavailable }
        guard let bytes = SecKeyCopyExternalRepresentation(half, &failure) else { throw meaning(of: failure) }
        return CoreFoundationBridge.bytes(bytes)
    }

    private static func meaning(of failure: Unmanaged<CFError>?, for record: KeyRecord? = nil) -> KeyError {
        guard let reason = CoreFoundationBridge.reason(of: failure) else { return .unavailable }
        let changed = record.map { biometryChanged(since: $0) } ?? false
        return KeyFailure(domain: reason.domain, code: reason.code).meaning(biometryChanged: changed)
    }

    /// Whether other fingers or faces are enrolled than when the key was made. While biometry is locked nobody knows,
    /// and nothing is concluded.
    private static func biometryChanged(since record: KeyRecord) -> Bool {
        guard let then = record.biometry, let now = Biometry.current() else { return false }
        return then != now
    }

    private static func tag(_ name: String) -> Data {
        Data("nod.key.\(name)".utf8)
    }

    private static let bits = 256
}
