// Where Swift's types and Core Foundation's meet. Nothing else in the app casts from one to the other.

import Foundation
import Security

enum CoreFoundationBridge {
    static func dictionary(_ attributes: [CFString: Any]) -> CFDictionary {
        attributes as CFDictionary
    }

    static func data(_ bytes: [UInt8]) -> CFData {
        Data(bytes) as CFData
    }

    static func bytes(_ data: CFData) -> [UInt8] {
        [UInt8](data as Data)
    }

    /// The bytes of an item of the Keychain; none where it is something else.
    static func bytes(found item: CFTypeRef?) -> [UInt8]? {
        (item as? Data).map { [UInt8]($0) }
    }

    /// The key that the Keychain found; none where it is something else.
    static func key(found item: CFTypeRef?) -> SecKey? {
        guard let item, CFGetTypeID(item) == SecKeyGetTypeID() else { return nil }
        // The type was looked at: Core Foundation's know no `as?`.
        // swift-format-ignore: NeverForceUnwrap
        return (item as! SecKey)
    }

    /// Domain and code of an error that a call of Security handed over, which is given up with this.
    static func reason(of error: Unmanaged<CFError>?) -> (domain: String, code: Int)? {
        guard let error = error?.takeRetainedValue() else { return nil }
        return (CFErrorGetDomain(error) as String, CFErrorGetCode(error))
    }
}
