// Core Image and Core Graphics as the app calls them.

@_exported import Foundation

public final class CGImage: @unchecked Sendable {}

public final class CIImage: NSObject {
    public var extent: CGRect { .zero }
}

public class CIFilter: NSObject {
    public init?(name: String, parameters: [String: Any]?) { nil }
    public var outputImage: CIImage? { nil }
}

public final class CIContext: NSObject {
    public override init() {}
    public func createCGImage(_ image: CIImage, from fromRect: CGRect) -> CGImage? { nil }
}
