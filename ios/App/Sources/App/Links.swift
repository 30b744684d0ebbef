// The links that other apps and web pages open this one with.

import Foundation

/// The links that the app answers to (CFBundleURLTypes).
enum Links {
    static func isKnown(_ url: URL) -> Bool {
        schemes.contains(url.scheme?.lowercased() ?? "") && url.absoluteString.utf8.count <= longest
    }

    static let schemes = ["nod", "otpauth"]
    /// In bytes: no QR code holds more.
    private static let longest = 4096
}
