// UIKit as the app calls it. Methods of a delegate that the app has are required here, so that a misspelt one is an error.

@_exported import CoreImage
@_exported import Foundation
@_exported import UniformTypeIdentifiers

@MainActor open class UIResponder: NSObject {}

open class CALayer: NSObject {
    open var frame: CGRect {
        get { .zero }
        set {}
    }
}

open class UIView: UIResponder {
    public init(frame: CGRect) {}
    public required init?(coder: NSCoder) {}
    open class var layerClass: AnyClass { CALayer.self }
    open var layer: CALayer { fatalError() }
    open var bounds: CGRect {
        get { .zero }
        set {}
    }
    open func layoutSubviews() {}
}

public enum UIUserInterfaceStyle: Int, Sendable { case unspecified, light, dark }

public final class UITraitCollection: NSObject, @unchecked Sendable {
    public var userInterfaceStyle: UIUserInterfaceStyle { .light }
}

public final class UIColor: NSObject, @unchecked Sendable {
    public init(red: CGFloat, green: CGFloat, blue: CGFloat, alpha: CGFloat) {}
    public init(dynamicProvider: @escaping @Sendable (UITraitCollection) -> UIColor) {}
}

public enum UIKeyboardType: Int, Sendable { case `default`, asciiCapable, numbersAndPunctuation, URL, numberPad }

public struct UITextContentType: Hashable, Sendable {
    public static let oneTimeCode = Self()
    public static let password = Self()
    public static let newPassword = Self()
    public static let username = Self()
}

public struct UIBackgroundTaskIdentifier: Hashable, Sendable {
    public static let invalid = Self()
}

public enum UIBackgroundFetchResult: UInt, Sendable { case newData, noData, failed }

@MainActor public final class UIApplication: UIResponder {
    public static var shared: UIApplication { fatalError() }
    public static let openSettingsURLString = ""
    public static let openNotificationSettingsURLString = ""
    public struct LaunchOptionsKey: Hashable, Sendable {}
    public struct OpenExternalURLOptionsKey: Hashable, Sendable {}
    public func registerForRemoteNotifications() {}
    public func beginBackgroundTask(
        withName taskName: String?, expirationHandler handler: (@MainActor @Sendable () -> Void)? = nil
    ) -> UIBackgroundTaskIdentifier { .invalid }
    public func endBackgroundTask(_ identifier: UIBackgroundTaskIdentifier) {}
    public var isProtectedDataAvailable: Bool { true }
    public func open(_ url: URL, options: [OpenExternalURLOptionsKey: Any] = [:]) async -> Bool { false }
}

@MainActor public protocol UIApplicationDelegate: NSObjectProtocol {
    func application(
        _ application: UIApplication,
        didFinishLaunchingWithOptions launchOptions: [UIApplication.LaunchOptionsKey: Any]?
    ) -> Bool
    func application(
        _ application: UIApplication, didRegisterForRemoteNotificationsWithDeviceToken deviceToken: Data)
    func application(_ application: UIApplication, didFailToRegisterForRemoteNotificationsWithError error: any Error)
    func application(
        _ application: UIApplication, didReceiveRemoteNotification userInfo: [AnyHashable: Any],
        fetchCompletionHandler completionHandler: @escaping (UIBackgroundFetchResult) -> Void)
}

@MainActor public final class UIDevice: NSObject {
    public static var current: UIDevice { fatalError() }
    public var name: String { "" }
    public var model: String { "" }
}

@MainActor public final class UIPasteboard: NSObject {
    public static var general: UIPasteboard { fatalError() }
    public struct OptionsKey: Hashable, Sendable {
        public static let expirationDate = Self()
        public static let localOnly = Self()
    }
    public func setItems(_ items: [[String: Any]], options: [OptionsKey: Any] = [:]) {}
}

@MainActor public final class UIScreen: NSObject {}

@MainActor public enum UIAccessibility {
    public struct Notification: Sendable {
        public static let announcement = Self()
        public static let screenChanged = Self()
    }
    public static func post(notification: Notification, argument: Any?) {}
    public static var isVoiceOverRunning: Bool { false }
}

// Foundation's on Apple systems; Linux has neither.

extension URL {
    public func startAccessingSecurityScopedResource() -> Bool { false }
    public func stopAccessingSecurityScopedResource() {}
}
