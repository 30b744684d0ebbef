// Core Foundation as far as the app names it. On Apple systems it comes with Foundation.

@_exported import Foundation

public final class CFString: Hashable, Sendable {
    init() {}
    public static func == (left: CFString, right: CFString) -> Bool { left === right }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

public final class CFDictionary {
    public let values: [CFString: Any]
    public init(_ values: [CFString: Any]) { self.values = values }
}

public final class CFData {
    public let bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

public final class CFError {
    public let domain: String
    public let code: Int
    public init(domain: String, code: Int) {
        self.domain = domain
        self.code = code
    }
}

public final class CFAllocator {}
public typealias CFTypeRef = AnyObject
public typealias OSStatus = Int32
