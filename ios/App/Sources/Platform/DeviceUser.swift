// Verifies the user for the app's own lock. What approves is not this, but the key itself (SecureEnclaveKeys).

import LocalAuthentication
import NodKit

struct DeviceUser: UserPort {
    let words: @Sendable () -> Words

    func verify(_ reason: VerifyReason) async -> Bool {
        let words = words()
        let context = LAContext()
        context.localizedCancelTitle = words.text(.promptCancel)
        let asked =
            switch reason {
            case .unlock: words.text(.promptUnlock)
            case .setting: words.text(.promptSetting)
            case .export: words.text(.promptExport)
            }
        let verified = try? await context.evaluatePolicy(.deviceOwnerAuthentication, localizedReason: asked)
        return verified ?? false
    }
}
