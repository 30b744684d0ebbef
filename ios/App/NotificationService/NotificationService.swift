// What is shown of a push before the app has connected.

import NodKit
import UserNotifications

/// Puts the words of the app's language into a push, and the buttons below it. It knows no more than the push: it does not
/// connect. The vault and the counter that every answer carries belong to the app's process; a second process that answered
/// beside it would look like a cloned phone to a login server.
final class NotificationService: UNNotificationServiceExtension {
    override func didReceive(
        _ request: UNNotificationRequest, withContentHandler contentHandler: @escaping (UNNotificationContent) -> Void
    ) {
        guard let content = request.content.mutableCopy() as? UNMutableNotificationContent else {
            contentHandler(request.content)
            return
        }
        let words = Words.of(SharedDefaults.spoken)
        content.title = words.text(.notificationTitle)
        content.body = words.text(.notificationHidden)
        content.categoryIdentifier = NotificationNames.wake
        content.threadIdentifier = NotificationNames.wake
        contentHandler(content)
    }
}
