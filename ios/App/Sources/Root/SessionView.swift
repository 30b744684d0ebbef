// The app once its vault is open: the stack of screens, the lock over it, and the challenge over everything.

import NodKit
import SwiftUI

struct SessionView: View {
    let session: Session

    @Environment(\.words) private var words

    var body: some View {
        let state = session.root.state
        ZStack {
            if state.started, let bottom = state.stack.first {
                NavigationStack(path: path) {
                    screen(bottom).navigationDestination(for: Route.self) { screen($0) }
                }
                .accessibilityAction(.escape) { session.root.send(.back) }
                // A field below must not go on taking what is typed.
                .disabled(state.locked || state.challenge != nil)
                .accessibilityHidden(state.locked || state.challenge != nil)
            }
            if state.locked {
                ScreenHost(LockScreen.self, in: session.world, opened: .shown) { LockView(state: $0, send: $1) }
                    .zIndex(1)
                    .accessibilityHidden(state.challenge != nil)
            }
            if let challenge = state.challenge {
                ScreenHost(ChallengeScreen.self, in: session.world, first: { $0.show(challenge, in: session.world) }) {
                    ChallengeView(state: $0, send: $1)
                }
                .id(challenge)
                .zIndex(2)
            }
            BackupFilesView(files: session.files)
        }
        .tint(Palette.accentText)
        .onChange(of: state.challenge) { session.notifier.shown(state.challenge) }
    }

    private func screen(_ route: Route) -> some View {
        RouteView(route: route, world: session.world, cancels: session.cancels)
            .id(route)
            .toolbarBackground(Palette.page, for: .navigationBar)
    }

    /// The stack without its bottom. Swiping back, and the button, are `back`; the root says what comes of it.
    private var path: Binding<[Route]> {
        .to(Array(session.root.state.stack.dropFirst())) { wanted in
            if wanted.count < session.root.state.stack.count - 1 { session.root.send(.back) }
        }
    }
}
