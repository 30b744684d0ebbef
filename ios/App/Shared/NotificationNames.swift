// The names by which notifications are known to the app, its extension and the system.

enum NotificationNames {
    /// A challenge that the app knows.
    static let challenge = "challenge"
    /// A push: something waits, and nothing is known of it.
    static let wake = "wake"
    static let deny = "deny"
    static let approve = "approve"

    /// The notification of a challenge.
    static func request(_ challenge: String) -> String {
        "challenge.\(challenge)"
    }

    /// The challenge of a notification, where it is one's.
    static func challenge(ofRequest identifier: String) -> String? {
        identifier.hasPrefix("challenge.") ? String(identifier.dropFirst("challenge.".count)) : nil
    }
}
