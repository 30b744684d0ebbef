// Shows challenges as notifications, one each, and takes them away when they end.

import NodKit
import UserNotifications

@MainActor
final class Notifier {
    private let phone: any PhonePort
    private let words: @Sendable () -> Words
    private let inFront: @MainActor () -> Bool
    private let center = UNUserNotificationCenter.current()
    /// While somebody else shows what comes, or answers it.
    var isQuiet = false

    /// `inFront`: whether the app is in front, where it shows challenges itself.
    init(phone: any PhonePort, words: @escaping @Sendable () -> Words, inFront: @escaping @MainActor () -> Bool) {
        self.phone = phone
        self.words = words
        self.inFront = inFront
    }

    /// Shows what comes in the last seconds of a connection, when the app has just gone to the background; takes a
    /// notification away when its challenge has ended, whoever ended it.
    func begin() {
        let happenings = phone.events()
        Task { [weak self] in
            for await happening in happenings {
                guard let self else { return }
                switch happening {
                case .challenge(let id):
                    if !inFront(), !isQuiet { await show(phone.pending().filter { $0.id == id }) }
                case .challengeGone(let id, _), .decided(let id, _): remove(id)
                default: break
                }
            }
        }
    }

    /// Shows what waits: who asks, and nothing of the sign-in, since it may lie on a locked screen. What a push said without
    /// knowing goes.
    func show(_ waiting: [Pending]) async {
        for pending in waiting {
            let content = content(text(.notificationTitle), text(.notificationText, ["service": pending.serviceName]))
            content.categoryIdentifier = NotificationNames.challenge
            content.interruptionLevel = .timeSensitive
            content.sound = .default
            add(NotificationNames.request(pending.id), content)
        }
        if !waiting.isEmpty { await removeWakes() }
    }

    /// The challenge that the app itself shows now needs no notification.
    func shown(_ challenge: String?) {
        guard let challenge else { return }
        remove(challenge)
        Task { await removeWakes() }
    }

    /// What came of a denial from a notification.
    func denied(_ pending: Pending, _ outcome: AnswerOutcome) async {
        remove(pending.id)
        await removeWakes()
        switch outcome {
        case .approved, .wrongNumber, .conflict, .refused: denyFailed()
        case .denied, .reported, .expired, .superseded:
            add("denied", content("", text(.notificationDenied, ["service": pending.serviceName])))
        }
    }

    func denyFailed() {
        add("deny-failed", content("", text(.notificationDenyFailed)))
    }

    private func content(_ title: String, _ body: String) -> UNMutableNotificationContent {
        let content = UNMutableNotificationContent()
        content.title = title
        content.body = body
        return content
    }

    private func text(_ word: Word, _ args: [String: any WordValue] = [:]) -> String {
        words().text(word, args)
    }

    private func add(_ identifier: String, _ content: UNNotificationContent) {
        // Where notifications are not allowed there is nothing else to show it with.
        let request = UNNotificationRequest(identifier: identifier, content: content, trigger: nil)
        center.add(request, withCompletionHandler: nil)
    }

    private func remove(_ challenge: String) {
        center.removeDeliveredNotifications(withIdentifiers: [NotificationNames.request(challenge)])
    }

    /// Takes the notifications of pushes away.
    func removeWakes() async {
        center.removeDeliveredNotifications(withIdentifiers: await Self.wakes())
    }

    private nonisolated static func wakes() async -> [String] {
        await withCheckedContinuation { continuation in
            UNUserNotificationCenter.current().getDeliveredNotifications { delivered in
                let wakes = delivered.filter { $0.request.content.categoryIdentifier == NotificationNames.wake }
                continuation.resume(returning: wakes.map(\.request.identifier))
            }
        }
    }
}
