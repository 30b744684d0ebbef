// The view of each route, over its screen of NodKit.

import NodKit
import SwiftUI

struct RouteView: View {
    let route: Route
    let world: World
    let cancels: Cancels

    var body: some View {
        switch route {
        case .welcome:
            ScreenHost(WelcomeScreen.self, in: world) { _, send in WelcomeView(send: send) }
        case .home:
            HomeHost(world: world)
        case .scan(let paste):
            ScreenHost(ScanScreen.self, in: world, opened: .opened(paste: paste)) { ScanView(state: $0, send: $1) }
        case .enrol(let text):
            ScreenHost(EnrolScreen.self, in: world, first: opening(.opened(text: text), cancel: .cancelPressed)) {
                EnrolView(state: $0, send: $1)
            }
        case .addCode:
            ScreenHost(AddCodeScreen.self, in: world) { AddCodeView(state: $0, send: $1) }
        case .codeDetails(let id):
            ScreenHost(CodeDetailsScreen.self, in: world, opened: .opened(id: id)) {
                CodeDetailsView(state: $0, send: $1)
            }
        case .account(let id):
            ScreenHost(AccountScreen.self, in: world, opened: .opened(id: id)) { AccountView(state: $0, send: $1) }
        case .history:
            ScreenHost(HistoryScreen.self, in: world, opened: .opened) { HistoryView(state: $0, send: $1) }
        case .settings:
            ScreenHost(SettingsScreen.self, in: world, opened: .opened) { SettingsView(state: $0, send: $1) }
        case .backup(let mode):
            ScreenHost(BackupScreen.self, in: world, opened: .opened(mode)) { BackupView(state: $0, send: $1) }
        case .licences:
            LicencesView()
        case .moveOld:
            ScreenHost(MoveOldScreen.self, in: world, first: opening(.shown, cancel: .cancelPressed)) {
                MoveOldView(state: $0, send: $1)
            }
        case .moveNew(let text):
            ScreenHost(MoveNewScreen.self, in: world, first: opening(.opened(text: text), cancel: .cancelPressed)) {
                MoveNewView(state: $0, send: $1)
            }
        case .confirm(let text):
            ScreenHost(ConfirmScreen.self, in: world, opened: .opened(text: text)) { ConfirmView(state: $0, send: $1) }
        }
    }

    /// Opens a screen for which going back is its own cancel.
    private func opening<S: Screen>(_ event: S.Event, cancel: S.Event) -> @MainActor (ScreenModel<S>) -> Void {
        { [cancels, route] model in
            cancels.keep(for: route) { [weak model] in model?.send(cancel) }
            model.send(event)
        }
    }
}

/// Home looks again whenever it is seen again: codes and labels change on other screens.
private struct HomeHost: View {
    let world: World

    var body: some View {
        ScreenHost(HomeScreen.self, in: world) { state, send in
            HomeView(state: state, send: send).onAppear { send(.opened) }
        }
    }
}

/// What going back is to the screens that have to end something first.
@MainActor
final class Cancels {
    private var kept: [Route: @MainActor () -> Void] = [:]

    func keep(for route: Route, _ cancel: @escaping @MainActor () -> Void) {
        kept[route] = cancel
    }

    func cancel(_ route: Route) {
        kept.removeValue(forKey: route)?()
    }
}
