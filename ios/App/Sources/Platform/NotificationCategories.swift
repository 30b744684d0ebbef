// The buttons of notifications.

import NodKit
import UserNotifications

enum NotificationCategories {
    /// Deny acts at once, also on a locked screen: its key asks nobody. Approve opens the app, on an unlocked phone alone;
    /// number and face or finger are asked for there.
    static func register(in words: Words) {
        let deny = UNNotificationAction(
            identifier: NotificationNames.deny, title: words.text(.challengeDeny), options: [.destructive],
            icon: UNNotificationActionIcon(systemImageName: "xmark"))
        let approve = UNNotificationAction(
            identifier: NotificationNames.approve, title: words.text(.challengeApprove),
            options: [.authenticationRequired, .foreground],
            icon: UNNotificationActionIcon(systemImageName: "checkmark"))
        let categories = [NotificationNames.challenge, NotificationNames.wake].map { name in
            UNNotificationCategory(
                identifier: name, actions: [approve, deny], intentIdentifiers: [],
                hiddenPreviewsBodyPlaceholder: words.text(.notificationHidden), options: [.hiddenPreviewsShowTitle])
        }
        UNUserNotificationCenter.current().setNotificationCategories(Set(categories))
    }
}
