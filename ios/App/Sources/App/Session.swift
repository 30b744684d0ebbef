// The app while its vault is open.

import Foundation
import NodCore
import NodKit
import UIKit

@MainActor
final class Session {
    let world: World
    let root: ScreenModel<RootScreen>
    let files: BackupFiles
    let notifier: Notifier
    let cancels = Cancels()
    private let inFront: @MainActor () -> Bool

    private init(phone: any PhonePort, settings: AppSettings, inFront: @escaping @MainActor () -> Bool) {
        let words: @Sendable () -> Words = { Words.of(settings.spoken) }
        let files = BackupFiles()
        let router = Router()
        world = World(
            phone: phone, settings: settings, user: DeviceUser(words: words), clipboard: SystemClipboard(),
            files: files, permissions: SystemPermissions(), clock: SystemClock(),
            navigate: { router.take($0) })
        self.files = files
        notifier = Notifier(phone: phone, words: words, inFront: inFront)
        self.inFront = inFront
        root = ScreenModel(RootScreen.self, in: world)
        router.session = self
    }

    /// Opens the vault with the key of the Keychain. `inFront`: whether the app is in front at a moment.
    static func open(
        settings: AppSettings, tokens: PushTokens, inFront: @escaping @MainActor () -> Bool
    ) async -> AppModel.Phase {
        CorePhone.log(to: SystemLog(), upTo: .info)
        let keys = SecureEnclaveKeys { PromptWords.prompt($0, in: Words.of(settings.spoken)) }
        do {
            let place = try VaultPlace.prepare(keys: keys)
            let device = UIDevice.current
            let parts = CoreSettings(
                vaultKey: place.key, deviceName: String(device.name.prefix(64)), deviceModel: device.model,
                extraRootsPem: settings.managedRootsPem)
            let phone = try await CorePhone.open(parts, keys: keys, directory: place.directory, wake: tokens)
            return .open(Session(phone: phone, settings: settings, inFront: inFront))
        } catch let error as PhoneError {
            return .failed(error)
        } catch {
            // The Keychain did not answer: before the first unlocking, for one.
            return .failed(.keyStoreUnavailable)
        }
    }

    /// Looks at the phone for the first time.
    func begin() {
        notifier.begin()
        Task { await root.start(in: world) }
    }

    /// Connects, waits until something waits for the user, and shows it; then disconnects, unless the app is in front.
    func wait(seconds: Double) async -> Bool {
        notifier.isQuiet = true
        defer { notifier.isQuiet = false }
        let waiting = (try? await world.phone.waitPending(seconds: seconds)) ?? []
        if inFront() { return !waiting.isEmpty }
        await notifier.show(waiting)
        // What is shown may be withdrawn or answered elsewhere: that is looked at again when the app is opened.
        await world.phone.disconnect()
        return !waiting.isEmpty
    }

    /// Denies a challenge from its notification. A push says of none which it is about: with one that waits there is no
    /// question, with several each is shown with its service.
    func deny(_ challenge: String?, within seconds: Double) async {
        notifier.isQuiet = true
        defer { notifier.isQuiet = false }
        let waiting = (try? await world.phone.waitPending(seconds: seconds)) ?? []
        let only = challenge == nil && waiting.count == 1 ? waiting.first : nil
        if let meant = waiting.first(where: { $0.id == challenge }) ?? only {
            await deny(meant)
        } else if challenge == nil, !waiting.isEmpty {
            await notifier.show(waiting)
        } else {
            notifier.denyFailed()
        }
        if !inFront() { await world.phone.disconnect() }
    }

    private func deny(_ pending: Pending) async {
        do throws(PhoneError) {
            let outcome = try await world.phone.deny(challenge: pending.id)
            // The app may have come to know of it meanwhile: it is not asked again.
            if root.state.challenge == pending.id {
                root.send(.challengeClosed(next: world.phone.pending().first?.id))
            }
            await notifier.denied(pending, outcome)
        } catch {
            notifier.denyFailed()
        }
    }
}

/// Takes what screens ask for to the root, which does not exist yet when the world is made.
@MainActor
private final class Router: Sendable {
    weak var session: Session?

    nonisolated init() {}

    func take(_ navigation: Navigation) {
        guard let session, let rest = session.root.take(navigation) else { return }
        switch rest {
        case .cancel(let route): session.cancels.cancel(route)
        // An app of iOS does not end itself.
        default: break
        }
    }
}
