// Where APNs wakes this app up.

import Foundation
import NodKit

/// Gives a relay the token only where it sends to this very app.
final class PushTokens: WakePort {
    private let token = Locked<String?>(nil)

    /// Says whether it is another one.
    func set(_ new: String?) -> Bool {
        token.set(new) != new
    }

    func token(for choice: WakeChoice) -> WakeToken? {
        guard let token = token.value, choice.apnsTopic == Bundle.main.bundleIdentifier else { return nil }
        return WakeToken(token: token, sandbox: Self.isSandbox)
    }

    /// The environment of the entitlement `aps-environment`, out of the same build setting.
    private static var isSandbox: Bool {
        Bundle.main.object(forInfoDictionaryKey: "NodPushEnvironment") as? String == "development"
    }
}
