// Small secrets in the Keychain: on this phone alone, in no backup, not in iCloud.

import Foundation
import NodKit
import Security

/// Generic passwords of one service.
struct Keychain: Sendable {
    /// Keeps the items of one purpose apart from the others.
    let service: String

    /// The bytes kept under `name`; none where there are none.
    func read(_ name: String) throws(KeyError) -> [UInt8]? {
        var query = item(name)
        query[kSecReturnData] = true
        query[kSecMatchLimit] = kSecMatchLimitOne
        var found: CFTypeRef?
        switch SecItemCopyMatching(CoreFoundationBridge.dictionary(query), &found) {
        case errSecSuccess:
            guard let bytes = CoreFoundationBridge.bytes(found: found) else { throw .unavailable }
            return bytes
        case errSecItemNotFound: return nil
        default: throw .unavailable
        }
    }

    /// Keeps bytes under a name that is not taken. Readable after the phone was unlocked once since its start, so that
    /// a denial works from the locked screen.
    func add(_ bytes: [UInt8], as name: String) throws(KeyError) {
        var attributes = item(name)
        attributes[kSecValueData] = Data(bytes)
        attributes[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        switch SecItemAdd(CoreFoundationBridge.dictionary(attributes), nil) {
        case errSecSuccess: return
        case errSecDuplicateItem: throw .exists
        default: throw .unavailable
        }
    }

    /// Deletes what is kept under a name; nothing is fine.
    func delete(_ name: String) throws(KeyError) {
        try delete(matching: item(name))
    }

    /// Deletes everything of this service.
    func deleteAll() throws(KeyError) {
        try delete(matching: everything)
    }

    private func delete(matching query: [CFString: Any]) throws(KeyError) {
        switch SecItemDelete(CoreFoundationBridge.dictionary(query)) {
        case errSecSuccess, errSecItemNotFound: return
        default: throw .unavailable
        }
    }

    private func item(_ name: String) -> [CFString: Any] {
        everything.merging([kSecAttrAccount: name]) { _, new in new }
    }

    private var everything: [CFString: Any] {
        [
            kSecClass: kSecClassGenericPassword,
            kSecAttrService: service,
            kSecAttrSynchronizable: false,
            kSecUseDataProtectionKeychain: true,
        ]
    }
}
