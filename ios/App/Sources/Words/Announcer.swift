// What is said aloud although nobody pointed at it.

import Accessibility
import SwiftUI
import UIKit

enum Announcer {
    /// Says a text when VoiceOver is on.
    @MainActor static func say(_ text: String) {
        AccessibilityNotification.Announcement(text).post()
    }

    /// Moves VoiceOver to what has just covered everything else.
    @MainActor static func screenChanged() {
        UIAccessibility.post(notification: .screenChanged, argument: nil)
    }
}

extension View {
    /// Says a text whenever it changes to another that is not empty.
    func announcing(_ text: String?) -> some View {
        onChange(of: text, initial: true) {
            if let text, !text.isEmpty { Announcer.say(text) }
        }
    }
}
