// Where the app begins.

import SwiftUI

@main
struct NodApp: App {
    @UIApplicationDelegateAdaptor(AppDelegate.self) private var delegate

    var body: some Scene {
        WindowGroup {
            RootView(app: delegate.app)
        }
    }
}
