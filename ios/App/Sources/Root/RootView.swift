// The whole window: opening, the app, or why it cannot be opened; and the cover while it is not in front.

import NodKit
import SwiftUI

struct RootView: View {
    let app: AppModel

    @Environment(\.scenePhase) private var scenePhase

    var body: some View {
        ZStack {
            switch app.phase {
            case .opening: PrivacyCover()
            case .open(let session): SessionView(session: session)
            case .failed(let error):
                VaultErrorView(error: error) { Task { await app.open() } }
            }
            if scenePhase != .active { PrivacyCover().zIndex(3) }
        }
        .environment(\.words, Words.of(app.language))
        .environment(\.locale, Locale(identifier: app.language.tag))
        .task { await app.open() }
        .onChange(of: scenePhase, initial: true) { app.sceneChanged(to: scenePhase) }
        .onOpenURL { app.opened($0) }
    }
}
