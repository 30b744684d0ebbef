// LocalAuthentication as the app calls it.

@_exported import Foundation

public enum LAPolicy: Int, Sendable {
    case deviceOwnerAuthenticationWithBiometrics = 1
    case deviceOwnerAuthentication = 2
}

open class LAContext: NSObject {
    public override init() {}
    open func canEvaluatePolicy(_ policy: LAPolicy, error: UnsafeMutablePointer<NSError?>?) -> Bool { fatalError() }
    open func evaluatePolicy(_ policy: LAPolicy, localizedReason: String) async throws -> Bool { fatalError() }
    open func invalidate() {}
    open var localizedReason: String {
        get { fatalError() }
        set {}
    }
    open var localizedFallbackTitle: String? {
        get { nil }
        set {}
    }
    open var localizedCancelTitle: String? {
        get { nil }
        set {}
    }
    open var touchIDAuthenticationAllowableReuseDuration: TimeInterval {
        get { 0 }
        set {}
    }
    open var evaluatedPolicyDomainState: Data? { nil }
}
