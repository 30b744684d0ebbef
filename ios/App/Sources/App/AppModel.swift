// The app as a whole: opens the vault, and hands on what the system says.

import Foundation
import NodKit
import Observation
import SwiftUI
import UIKit

@Observable @MainActor
final class AppModel {
    enum Phase {
        case opening
        case open(Session)
        case failed(PhoneError)
    }

    private(set) var phase = Phase.opening
    /// The language that was chosen, or the phone's.
    private(set) var language: Language

    @ObservationIgnored private let settings = AppSettings()
    @ObservationIgnored private let tokens = PushTokens()
    @ObservationIgnored private var opening: Task<Phase, Never>?
    /// A link that came before the vault was open.
    @ObservationIgnored private var link: String?
    @ObservationIgnored private var connectivity: Connectivity?

    init() {
        language = settings.spoken
        settings.whenLanguageChanges { [weak self] in self?.languageChanged() }
    }

    /// Opens the vault, once; after a failure, again.
    func open() async {
        _ = await opened()
    }

    /// What is open, waiting for it where it is being opened.
    func opened() async -> Session? {
        if case .open(let session) = phase { return session }
        let task = opening ?? openVault()
        opening = task
        let outcome = await task.value
        // Whoever waited along comes second.
        if opening == task {
            opening = nil
            phase = outcome
            if case .open(let session) = outcome { began(session) }
        }
        guard case .open(let session) = phase else { return nil }
        return session
    }

    private func openVault() -> Task<Phase, Never> {
        Task { [settings, tokens] in
            await Session.open(settings: settings, tokens: tokens) { [weak self] in self?.isInFront ?? false }
        }
    }

    private func began(_ session: Session) {
        session.begin()
        let phone = session.world.phone
        connectivity = Connectivity { [weak self] in
            // In the background there is no connection to keep.
            Task { @MainActor in if self?.isInFront == true { try? await phone.connect() } }
        }
        if let link {
            self.link = nil
            session.root.send(.linkOpened(text: link))
        }
    }

    // MARK: - What the system says

    @ObservationIgnored private(set) var isInFront = false
    @ObservationIgnored private var leaving: Task<Void, Never>?

    /// Connections live while the app is in front. Losing the front for a moment, to a prompt, ends nothing.
    func sceneChanged(to scene: ScenePhase) {
        switch scene {
        case .active:
            isInFront = true
            leaving?.cancel()
            leaving = nil
            guard case .open(let session) = phase else { return }
            session.root.send(.cameToForeground(now: session.world.clock.now()))
            // What a push said is known better now.
            Task { await session.notifier.removeWakes() }
        case .background:
            isInFront = false
            guard case .open(let session) = phase else { return }
            let since = session.world.clock.now()
            leaving = Task { await leave(session, since: since) }
        case .inactive: break
        @unknown default: break
        }
    }

    /// An approval that was given a moment before the user went back to the browser has a few seconds to be confirmed.
    private func leave(_ session: Session, since: Double) async {
        let time = UIApplication.shared.beginBackgroundTask(withName: "nod.leave")
        defer { UIApplication.shared.endBackgroundTask(time) }
        guard (try? await Task.sleep(for: .seconds(Self.leavingSeconds))) != nil else { return }
        session.root.send(.wentToBackground(now: since))
        await session.world.phone.disconnect()
    }

    /// A link of another app opens a question, and does nothing by itself.
    func opened(_ url: URL) {
        guard Links.isKnown(url) else { return }
        if case .open(let session) = phase {
            session.root.send(.linkOpened(text: url.absoluteString))
        } else {
            link = url.absoluteString
        }
    }

    func pushToken(_ token: String?) {
        guard tokens.set(token), case .open(let session) = phase else { return }
        session.world.phone.wakeTokenChanged()
    }

    /// A push woke the app up: connects, waits for what waits, and shows it. Says whether there was something.
    func woken() async -> Bool {
        guard let session = await opened() else { return false }
        return await session.wait(seconds: Self.wakeSeconds)
    }

    /// A push came while the app is in front: the connection may have been lost unnoticed.
    func reconnect() async {
        guard case .open(let session) = phase else { return }
        try? await session.world.phone.connect()
    }

    /// Deny was pressed on a notification.
    func deny(_ challenge: String?) async {
        guard let session = await opened() else { return }
        await session.deny(challenge, within: Self.denySeconds)
    }

    func languageChanged() {
        language = settings.spoken
        NotificationCategories.register(in: Words.of(language))
    }

    /// Of the thirty seconds that the system gives for each.
    private static let wakeSeconds = 22.0
    private static let denySeconds = 15.0
    private static let leavingSeconds = 5
}
