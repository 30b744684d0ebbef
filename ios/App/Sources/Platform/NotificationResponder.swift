// What the user did with a notification.

import Foundation
import NodKit
import UserNotifications

final class NotificationResponder: NSObject, UNUserNotificationCenterDelegate, Sendable {
    private let app: AppModel

    init(app: AppModel) {
        self.app = app
    }

    /// While the app is in front it shows challenges itself.
    func userNotificationCenter(
        _ center: UNUserNotificationCenter, willPresent notification: UNNotification,
        withCompletionHandler completionHandler: @escaping (UNNotificationPresentationOptions) -> Void
    ) {
        let category = notification.request.content.categoryIdentifier
        let isChallenge = [NotificationNames.challenge, NotificationNames.wake].contains(category)
        completionHandler(isChallenge ? [] : [.banner, .list])
        if category == NotificationNames.wake { Task { await app.reconnect() } }
    }

    /// Deny is done here, while the system waits. Anything else has opened the app, which shows what waits by itself.
    func userNotificationCenter(
        _ center: UNUserNotificationCenter, didReceive response: UNNotificationResponse,
        withCompletionHandler completionHandler: @escaping () -> Void
    ) {
        guard response.actionIdentifier == NotificationNames.deny else {
            completionHandler()
            return
        }
        let challenge = NotificationNames.challenge(ofRequest: response.notification.request.identifier)
        let finished = Handed(completionHandler)
        Task { @MainActor [app] in
            await app.deny(challenge)
            finished.value()
        }
    }
}
