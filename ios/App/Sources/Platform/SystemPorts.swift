// Small ports: the clipboard, the clocks, the log, the network.

import Foundation
import Network
import NodKit
import UIKit
import os

/// Copies for this phone alone, for a minute.
struct SystemClipboard: ClipboardPort {
    func copy(secret: String) async {
        await MainActor.run {
            UIPasteboard.general.setItems(
                [[UTType.utf8PlainText.identifier: secret]],
                options: [.localOnly: true, .expirationDate: Date(timeIntervalSinceNow: 60)])
        }
    }
}

struct SystemClock: NodKit.Clock {
    private let began = ContinuousClock.now

    func now() -> Double {
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    func wall() -> UInt64 {
        UInt64(max(0, Date().timeIntervalSince1970 * 1000))
    }
}

/// The log of the system. No line of the core holds a secret or a user's name.
final class SystemLog: LogPort {
    func log(level: NodKit.LogLevel, target: String, message: String) {
        let type: OSLogType =
            switch level {
            case .error: .error
            case .warning: .default
            case .info: .info
            case .debug: .debug
            }
        Logger(subsystem: "nod", category: target).log(level: type, "\(message, privacy: .public)")
    }
}

/// Says when there is a network, or another one.
final class Connectivity {
    private let monitor = NWPathMonitor()

    init(_ changed: @escaping @Sendable () -> Void) {
        monitor.pathUpdateHandler = { path in
            if path.status == .satisfied { changed() }
        }
        monitor.start(queue: DispatchQueue(label: "nod.network"))
    }

    deinit {
        monitor.cancel()
    }
}
