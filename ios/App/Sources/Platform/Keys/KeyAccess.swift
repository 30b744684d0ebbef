// When a key of the Secure Enclave may be used, decided once and for all when it is made.

import Foundation
import LocalAuthentication
import NodKit
import Security

/// Who may use a key, and when.
enum KeyAccess {
    /// The access control of a new key.
    ///
    /// `approve` asks for the user on every use, while the phone is unlocked: by the fingers and faces that are enrolled
    /// now, so that one enrolled later by somebody else approves nothing; where none is enrolled, by the passcode of the
    /// phone. It is never both: a passcode that was looked over somebody's shoulder must not stand in for the face. The
    /// class also makes these keys vanish with the passcode.
    ///
    /// The others never ask: a denial has to work from a locked screen and after another finger was enrolled.
    static func control(for kind: KeyKind) throws(KeyError) -> SecAccessControl {
        let accessible: CFString
        let flags: SecAccessControlCreateFlags
        switch kind {
        case .approve where Biometry.isEnrolled:
            accessible = kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly
            flags = [.privateKeyUsage, .biometryCurrentSet]
        case .approve:
            accessible = kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly
            flags = [.privateKeyUsage, .devicePasscode]
        case .deny, .enc, .channel:
            accessible = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            flags = [.privateKeyUsage]
        }
        var failure: Unmanaged<CFError>?
        guard let control = SecAccessControlCreateWithFlags(nil, accessible, flags, &failure) else {
            _ = CoreFoundationBridge.reason(of: failure)
            throw .unavailable
        }
        return control
    }
}

/// Which fingers or faces are enrolled, as far as the platform tells: bytes that change with them.
enum Biometry {
    /// None where none is enrolled, or while they are locked after too many tries.
    static func current() -> Data? {
        let context = LAContext()
        guard context.canEvaluatePolicy(.deviceOwnerAuthenticationWithBiometrics, error: nil) else { return nil }
        return context.evaluatedPolicyDomainState
    }

    /// Also while they are locked: that ends with the passcode.
    static var isEnrolled: Bool {
        var error: NSError?
        if LAContext().canEvaluatePolicy(.deviceOwnerAuthenticationWithBiometrics, error: &error) { return true }
        return error?.code == lockedOut
    }

    /// LAError.biometryLockout
    private static let lockedOut = -8
}
