// Core Foundation as far as the app names it. On Apple systems it comes with Foundation.

@_exported import Foundation

public final class CFString: Hashable, Sendable {
    init() {}
    public static func == (left: CFString, right: CFString) -> Bool { left === right }
    public func hash(into hasher: inout Hasher) {}
}

public final class CFDictionary {}
public final class CFData {}
public final class CFError {}
public final class CFAllocator {}
public typealias CFTypeRef = AnyObject
public typealias OSStatus = Int32
