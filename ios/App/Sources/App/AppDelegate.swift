// What the system tells the app apart from its windows: its start, its push token, and that it was woken up.

import UIKit
import UserNotifications

final class AppDelegate: NSObject, UIApplicationDelegate {
    let app = AppModel()
    private lazy var notifications = NotificationResponder(app: app)

    func application(
        _ application: UIApplication,
        didFinishLaunchingWithOptions launchOptions: [UIApplication.LaunchOptionsKey: Any]?
    ) -> Bool {
        // Before this returns, or an action that started the app is not heard of.
        UNUserNotificationCenter.current().delegate = notifications
        app.languageChanged()
        // Needs no permission: without it a push still wakes, it only cannot be shown.
        application.registerForRemoteNotifications()
        return true
    }

    func application(
        _ application: UIApplication, didRegisterForRemoteNotificationsWithDeviceToken deviceToken: Data
    ) {
        app.pushToken(deviceToken.map { String(format: "%02x", $0) }.joined())
    }

    func application(_ application: UIApplication, didFailToRegisterForRemoteNotificationsWithError error: any Error) {
        app.pushToken(nil)
    }

    /// A push with `content-available`: there are about thirty seconds to connect and to show what waits.
    func application(
        _ application: UIApplication, didReceiveRemoteNotification userInfo: [AnyHashable: Any],
        fetchCompletionHandler completionHandler: @escaping (UIBackgroundFetchResult) -> Void
    ) {
        let finished = Handed(completionHandler)
        Task { finished.value(await app.woken() ? .newData : .noData) }
    }
}

/// Something of the system's that is used by one task alone, although the system does not promise it to the compiler.
struct Handed<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
