// A Keychain in memory, and what a test says of the phone around it. It signs nothing: it tells who would have been asked.

public final class SecAccessControl {
    public let protection: CFTypeRef
    public let flags: SecAccessControlCreateFlags
    init(protection: CFTypeRef, flags: SecAccessControlCreateFlags) {
        self.protection = protection
        self.flags = flags
    }
}

public final class SecKey {
    public let tag: Data
    /// None for a public half.
    public let control: SecAccessControl?
    /// What was enrolled when it was made.
    let biometry: Data?
    let point: [UInt8]
    var context: Any?

    init(tag: Data, control: SecAccessControl, biometry: Data?) {
        self.tag = tag
        self.control = control
        self.biometry = biometry
        point = [4] + (0..<64).map { _ in UInt8.random(in: 0...255) }
    }

    init(point: [UInt8]) {
        tag = Data()
        control = nil
        biometry = nil
        self.point = point
    }

    func matches(_ query: CFDictionary) -> Bool {
        guard let tag = query.values[kSecAttrApplicationTag] as? Data else { return true }
        return tag == self.tag
    }
}

public struct SimulatedItem {
    public let service: String?
    public let account: String?
    public let value: [UInt8]
    public let accessible: CFString?

    init(_ attributes: CFDictionary) {
        service = attributes.values[kSecAttrService] as? String
        account = attributes.values[kSecAttrAccount] as? String
        value = (attributes.values[kSecValueData] as? Data).map { [UInt8]($0) } ?? []
        accessible = attributes.values[kSecAttrAccessible] as? CFString
    }

    func matches(_ query: CFDictionary) -> Bool {
        guard let service = query.values[kSecAttrService] as? String, service == self.service else { return false }
        guard let account = query.values[kSecAttrAccount] as? String else { return true }
        return account == self.account
    }
}

/// What a test says of the phone. One thread alone uses it.
public enum SimulatedPhone {
    nonisolated(unsafe) public static var keys: [SecKey] = []
    nonisolated(unsafe) public static var items: [SimulatedItem] = []
    /// Which fingers or faces are enrolled.
    nonisolated(unsafe) public static var biometry: Data?
    /// Whether too many tries have locked them.
    nonisolated(unsafe) public static var biometryLocked = false
    /// What the next use of a key that asks comes to, instead of a signature.
    nonisolated(unsafe) public static var refusal: (domain: String, code: Int)?
    /// Whether a key that died with a finger is not even found.
    nonisolated(unsafe) public static var hidesDeadKeys = false
    /// What the Keychain answers to everything, as before the first unlocking.
    nonisolated(unsafe) public static var status: OSStatus?
    /// What the Keychain answers to what is added.
    nonisolated(unsafe) public static var addStatus: OSStatus?
    /// The context of each use that asked; none where there was no context.
    nonisolated(unsafe) public static var asked: [Any?] = []

    /// A new phone, with a finger enrolled.
    public static func reset() {
        (keys, items, asked) = ([], [], [])
        (biometry, biometryLocked, refusal) = (Data([1]), false, nil)
        (hidesDeadKeys, status, addStatus) = (false, nil, nil)
    }

    static func isDead(_ key: SecKey) -> Bool {
        key.control?.flags.contains(.biometryCurrentSet) == true && key.biometry != biometry
    }

    static func isHidden(_ key: SecKey) -> Bool {
        hidesDeadKeys && isDead(key)
    }

    /// What comes of using a key: none where it works.
    static func use(_ key: SecKey) -> (domain: String, code: Int)? {
        guard let flags = key.control?.flags, flags.contains(.privateKeyUsage) else {
            return ("NSOSStatusErrorDomain", -50)
        }
        if isDead(key) { return ("CryptoTokenKit", -3) }
        guard flags.contains(.biometryCurrentSet) || flags.contains(.devicePasscode) else { return nil }
        asked.append(key.context)
        return refusal
    }
}
