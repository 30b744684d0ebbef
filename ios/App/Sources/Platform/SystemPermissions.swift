// What the user lets the app do.

import AVFoundation
import NodKit
import UIKit
import UserNotifications

struct SystemPermissions: PermissionPort {
    func camera() async -> Bool {
        await AVCaptureDevice.requestAccess(for: .video)
    }

    func notifications() async -> Bool {
        switch await UNUserNotificationCenter.current().notificationSettings().authorizationStatus {
        case .authorized, .provisional, .ephemeral: true
        case .notDetermined, .denied: false
        @unknown default: false
        }
    }

    func askNotifications() async -> Bool {
        let center = UNUserNotificationCenter.current()
        if await center.notificationSettings().authorizationStatus == .notDetermined {
            _ = try? await center.requestAuthorization(options: [.alert, .sound])
        } else if await !notifications() {
            await open(UIApplication.openNotificationSettingsURLString)
        }
        return await notifications()
    }

    func openPhoneSettings() async {
        await open(UIApplication.openSettingsURLString)
    }

    @MainActor private func open(_ address: String) async {
        guard let url = URL(string: address) else { return }
        _ = await UIApplication.shared.open(url)
    }
}
