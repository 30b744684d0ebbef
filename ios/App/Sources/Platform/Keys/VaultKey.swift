// The key that opens the vault.

import Foundation
import NodKit
import Security

/// 32 random bytes in the Keychain of this phone: in no backup, and never in iCloud.
struct VaultKey: Sendable {
    private let keychain = Keychain(service: "nod.vault-key")

    /// The key; it is made where there is none. A Keychain that cannot be read is an error and no reason to make one.
    func readOrMake() throws(KeyError) -> [UInt8] {
        if let key = try keychain.read(Self.name) { return key }
        var key = [UInt8](repeating: 0, count: Self.bytes)
        guard SecRandomCopyBytes(kSecRandomDefault, key.count, &key) == errSecSuccess else { throw .unavailable }
        try keychain.add(key, as: Self.name)
        return key
    }

    /// Forgets the key of an earlier installation.
    func delete() throws(KeyError) {
        try keychain.delete(Self.name)
    }

    private static let name = "vault"
    private static let bytes = 32
}
