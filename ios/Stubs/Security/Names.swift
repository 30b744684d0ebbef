// The names of the Keychain and of the Secure Enclave that the app uses.

public struct SecAccessControlCreateFlags: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let userPresence = Self(rawValue: 1 << 0)
    public static let biometryAny = Self(rawValue: 1 << 1)
    public static let biometryCurrentSet = Self(rawValue: 1 << 3)
    public static let devicePasscode = Self(rawValue: 1 << 4)
    public static let or = Self(rawValue: 1 << 14)
    public static let and = Self(rawValue: 1 << 15)
    public static let privateKeyUsage = Self(rawValue: 1 << 30)
    public static let applicationPassword = Self(rawValue: 1 << 31)
}

public struct SecKeyAlgorithm: Hashable, Sendable {
    private let name: String
    public static let ecdsaSignatureMessageX962SHA256 = Self(name: "ECDSA of a message")
    public static let ecdsaSignatureDigestX962SHA256 = Self(name: "ECDSA of a digest")
    public static let ecdhKeyExchangeStandard = Self(name: "ECDH")
}

public let errSecSuccess: OSStatus = 0
public let errSecUserCanceled: OSStatus = -128
public let errSecDuplicateItem: OSStatus = -25299
public let errSecItemNotFound: OSStatus = -25300
public let errSecAuthFailed: OSStatus = -25293
public let errSecInteractionNotAllowed: OSStatus = -25308

public let kSecClass = CFString()
public let kSecClassKey = CFString()
public let kSecClassGenericPassword = CFString()
public let kSecAttrKeyType = CFString()
public let kSecAttrKeyTypeECSECPrimeRandom = CFString()
public let kSecAttrKeySizeInBits = CFString()
public let kSecAttrKeyClass = CFString()
public let kSecAttrKeyClassPublic = CFString()
public let kSecAttrTokenID = CFString()
public let kSecAttrTokenIDSecureEnclave = CFString()
public let kSecPrivateKeyAttrs = CFString()
public let kSecAttrIsPermanent = CFString()
public let kSecAttrApplicationTag = CFString()
public let kSecAttrAccessControl = CFString()
public let kSecAttrAccessible = CFString()
public let kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly = CFString()
public let kSecAttrAccessibleWhenUnlockedThisDeviceOnly = CFString()
public let kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly = CFString()
public let kSecAttrService = CFString()
public let kSecAttrAccount = CFString()
public let kSecAttrSynchronizable = CFString()
public let kSecUseDataProtectionKeychain = CFString()
public let kSecUseAuthenticationContext = CFString()
public let kSecValueData = CFString()
public let kSecReturnData = CFString()
public let kSecReturnRef = CFString()
public let kSecMatchLimit = CFString()
public let kSecMatchLimitOne = CFString()
