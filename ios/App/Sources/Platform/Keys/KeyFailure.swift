// Why the Keychain or the Secure Enclave did not do what they were asked, in the core's words.

import Foundation
import NodKit
import Security

/// An error of Security, LocalAuthentication or CryptoTokenKit.
struct KeyFailure: Equatable, Sendable {
    var domain: String
    var code: Int

    init(domain: String, code: Int) {
        self.domain = domain
        self.code = code
    }

    /// A status of the Keychain.
    init(status: OSStatus) {
        self.init(domain: Self.statusDomain, code: Int(status))
    }

    /// What it means for a key that is known to exist. The platform says in several ways, and not the same in all its
    /// versions, that a key died with the enrolment of another finger or face; `biometryChanged` decides what it leaves open.
    func meaning(biometryChanged: Bool) -> KeyError {
        if isCancellation { return .userNotVerified }
        if isGone || biometryChanged { return .invalidated }
        if isRefusal { return .userNotVerified }
        return .unavailable
    }

    /// The user, another app or a call put an end to the prompt.
    private var isCancellation: Bool {
        switch (domain, code) {
        // errSecUserCanceled
        case (Self.statusDomain, -128): true
        // userCancel, userFallback, systemCancel, appCancel
        case (Self.authenticationDomain, -2), (Self.authenticationDomain, -3), (Self.authenticationDomain, -4),
            (Self.authenticationDomain, -9):
            true
        // TKErrorCodeCanceledByUser
        case (Self.tokenDomain, -4): true
        default: false
        }
    }

    /// The user was asked and did not pass, or nothing is there to ask with.
    private var isRefusal: Bool {
        switch (domain, code) {
        // errSecAuthFailed
        case (Self.statusDomain, -25293): true
        // authenticationFailed, biometryLockout, notInteractive
        case (Self.authenticationDomain, -1), (Self.authenticationDomain, -8), (Self.authenticationDomain, -1004): true
        // TKErrorCodeAuthenticationFailed, TKErrorCodeAuthenticationNeeded
        case (Self.tokenDomain, -5), (Self.tokenDomain, -9): true
        default: false
        }
    }

    /// The key, the finger or face, or the passcode that it hangs on is no longer there.
    private var isGone: Bool {
        switch (domain, code) {
        // errSecItemNotFound
        case (Self.statusDomain, -25300): true
        // passcodeNotSet, biometryNotEnrolled
        case (Self.authenticationDomain, -5), (Self.authenticationDomain, -7): true
        // TKErrorCodeObjectNotFound
        case (Self.tokenDomain, -6): true
        default: false
        }
    }

    private static let statusDomain = "NSOSStatusErrorDomain"
    private static let authenticationDomain = "com.apple.LocalAuthentication"
    private static let tokenDomain = "CryptoTokenKit"
}
