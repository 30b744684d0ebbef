// In place of App/Sources/Platform/Keys/CoreFoundationBridge.swift, whose casts between Swift and Core Foundation only
// compile on Apple systems. It must have the same functions.

import Foundation
import Security

enum CoreFoundationBridge {
    static func dictionary(_ attributes: [CFString: Any]) -> CFDictionary {
        CFDictionary(attributes)
    }

    static func data(_ bytes: [UInt8]) -> CFData {
        CFData(bytes)
    }

    static func bytes(_ data: CFData) -> [UInt8] {
        data.bytes
    }

    static func bytes(found item: CFTypeRef?) -> [UInt8]? {
        (item as? CFData)?.bytes
    }

    static func key(found item: CFTypeRef?) -> SecKey? {
        item as? SecKey
    }

    static func reason(of error: Unmanaged<CFError>?) -> (domain: String, code: Int)? {
        error.map { $0.takeRetainedValue() }.map { ($0.domain, $0.code) }
    }
}
