// Types of files as the app names them.

public struct UTType: Sendable, Hashable {
    public init?(filenameExtension: String, conformingTo supertype: UTType = .data) {}
    public init(exportedAs identifier: String, conformingTo parentType: UTType? = nil) {}
    private init() {}
    public static var data: UTType { UTType() }
    public static var item: UTType { UTType() }
    public var identifier: String { "" }
    public static var utf8PlainText: UTType { UTType() }
    public static var plainText: UTType { UTType() }
}
