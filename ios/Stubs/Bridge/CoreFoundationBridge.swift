// In place of App/Sources/Platform/Keys/CoreFoundationBridge.swift, whose casts between Swift and Core Foundation only
// compile on Apple systems. It must have the same functions.

import Foundation
import Security

enum CoreFoundationBridge {
    static func dictionary(_ attributes: [CFString: Any]) -> CFDictionary { fatalError() }
    static func data(_ bytes: [UInt8]) -> CFData { fatalError() }
    static func bytes(_ data: CFData) -> [UInt8] { fatalError() }
    static func bytes(found item: CFTypeRef?) -> [UInt8]? { fatalError() }
    static func key(found item: CFTypeRef?) -> SecKey? { fatalError() }
    static func reason(of error: Unmanaged<CFError>?) -> (domain: String, code: Int)? { fatalError() }
}
