// LocalAuthentication as the app calls it, on the phone that a test speaks of.

@_exported import Foundation
import Security

public enum LAPolicy: Int, Sendable {
    case deviceOwnerAuthenticationWithBiometrics = 1
    case deviceOwnerAuthentication = 2
}

open class LAContext: NSObject {
    public override init() {}
    open func canEvaluatePolicy(_ policy: LAPolicy, error: UnsafeMutablePointer<NSError?>?) -> Bool {
        if policy == .deviceOwnerAuthentication { return true }
        guard SimulatedPhone.biometry != nil, !SimulatedPhone.biometryLocked else {
            let code = SimulatedPhone.biometry == nil ? -7 : -8
            error?.pointee = NSError(domain: "com.apple.LocalAuthentication", code: code)
            return false
        }
        return true
    }
    open func evaluatePolicy(_ policy: LAPolicy, localizedReason: String) async throws -> Bool { false }
    open func invalidate() {}
    open var localizedReason = ""
    open var localizedFallbackTitle: String?
    open var localizedCancelTitle: String?
    open var touchIDAuthenticationAllowableReuseDuration: TimeInterval = 0
    open var evaluatedPolicyDomainState: Data? { SimulatedPhone.biometryLocked ? nil : SimulatedPhone.biometry }
}
