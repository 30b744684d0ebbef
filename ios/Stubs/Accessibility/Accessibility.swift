// Announcements to VoiceOver.

@_exported import Foundation

public enum AccessibilityNotification {
    public struct Announcement: Sendable {
        public init(_ announcement: String) {}
        public init(_ announcement: AttributedString) {}
        public func post() {}
    }
    public struct ScreenChanged: Sendable {
        public init() {}
        public func post() {}
    }
}
