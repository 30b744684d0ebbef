// The keys of the accounts, over a Keychain in memory.

import Foundation
import LocalAuthentication
import NodKit
import Security

private let message: [UInt8] = [1, 2, 3]
private let peer: [UInt8] = [4] + [UInt8](repeating: 7, count: 64)

private func phone() -> SecureEnclaveKeys {
    SimulatedPhone.reset()
    return SecureEnclaveKeys { reason in
        SecureEnclaveKeys.Prompt(reason: "\(reason)", cancel: "cancel")
    }
}

private func test(_ name: String, _ body: (SecureEnclaveKeys) throws -> Void) {
    Tests.test(name) { try body(phone()) }
}

func keyTests() {
    test("a key that was made signs, and its public half is 65 bytes") { keys in
        let made = try keys.create(name: "a", kind: .deny, attestTo: nil)
        try expect(made.publicKey.count, 65)
        try expect(made.attestation, nil)
        try expect(try keys.publicKey(name: "a"), made.publicKey)
        try expect(try keys.sign(name: "a", message: message, reason: .silent), made.publicKey + message)
    }
    test("each use of an approve key asks anew, with words of its own") { keys in
        _ = try keys.create(name: "a", kind: .approve, attestTo: nil)
        try expect(SimulatedPhone.asked.count, 0)
        _ = try keys.sign(name: "a", message: message, reason: .approve(service: "Quillmere"))
        _ = try keys.sign(name: "a", message: message, reason: .offerMove)
        let contexts = SimulatedPhone.asked.compactMap { $0 as? LAContext }
        try expect(contexts.map(\.localizedReason), ["approve(service: \"Quillmere\")", "offerMove"])
        try expect(contexts.map(\.touchIDAuthenticationAllowableReuseDuration), [0, 0])
        try expect(contexts[0] === contexts[1], false)
    }
    test("the other keys never ask") { keys in
        for kind in [KeyKind.deny, .channel] {
            _ = try keys.create(name: "\(kind)", kind: kind, attestTo: nil)
            _ = try keys.sign(name: "\(kind)", message: message, reason: .silent)
        }
        _ = try keys.create(name: "enc", kind: .enc, attestTo: nil)
        try expect(try keys.agree(name: "enc", peer: peer).count, 32)
        try expect(SimulatedPhone.asked.count, 0)
    }
    test("a finger or face guards approvals, on an unlocked phone alone") { keys in
        _ = try keys.create(name: "a", kind: .approve, attestTo: nil)
        let control = SimulatedPhone.keys.first?.control
        try expect(control?.flags, [.privateKeyUsage, .biometryCurrentSet])
        try expect(control?.protection === kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly, true)
    }
    test("the passcode guards approvals where no finger is enrolled, and only there") { keys in
        SimulatedPhone.biometry = nil
        _ = try keys.create(name: "a", kind: .approve, attestTo: nil)
        try expect(SimulatedPhone.keys.first?.control?.flags, [.privateKeyUsage, .devicePasscode])
        SimulatedPhone.biometry = Data([1])
        SimulatedPhone.biometryLocked = true
        _ = try keys.create(name: "b", kind: .approve, attestTo: nil)
        try expect(SimulatedPhone.keys.last?.control?.flags, [.privateKeyUsage, .biometryCurrentSet])
    }
    test("after another finger was enrolled the phone cannot approve, and can deny") { keys in
        _ = try keys.create(name: "approve", kind: .approve, attestTo: nil)
        _ = try keys.create(name: "deny", kind: .deny, attestTo: nil)
        SimulatedPhone.biometry = Data([1, 2])
        for hides in [false, true] {
            SimulatedPhone.hidesDeadKeys = hides
            try expect(KeyError.invalidated) {
                _ = try keys.sign(name: "approve", message: message, reason: .approve(service: "Quillmere"))
            }
        }
        try expect(try keys.sign(name: "deny", message: message, reason: .silent).isEmpty, false)
    }
    test("who cancels, or is not recognised, can try again") { keys in
        _ = try keys.create(name: "a", kind: .approve, attestTo: nil)
        for refusal in [("NSOSStatusErrorDomain", -128), ("com.apple.LocalAuthentication", -8)] {
            SimulatedPhone.refusal = refusal
            try expect(KeyError.userNotVerified) { _ = try keys.sign(name: "a", message: message, reason: .enrol) }
        }
        SimulatedPhone.refusal = nil
        _ = try keys.sign(name: "a", message: message, reason: .enrol)
    }
    test("a name is taken once, and a key that is not there is missing") { keys in
        _ = try keys.create(name: "a", kind: .deny, attestTo: nil)
        try expect(KeyError.exists) { _ = try keys.create(name: "a", kind: .deny, attestTo: nil) }
        try expect(KeyError.missing) { _ = try keys.sign(name: "b", message: message, reason: .silent) }
        try expect(KeyError.missing) { _ = try keys.publicKey(name: "b") }
        try expect(KeyError.missing) { _ = try keys.agree(name: "b", peer: peer) }
    }
    test("a key that was half made is made anew") { keys in
        SimulatedPhone.addStatus = -34018
        try expect(KeyError.unavailable) { _ = try keys.create(name: "a", kind: .deny, attestTo: nil) }
        try expect(SimulatedPhone.keys.count, 0)
        SimulatedPhone.addStatus = nil
        _ = try keys.create(name: "a", kind: .deny, attestTo: nil)
        // As if the app had ended between the key and its record.
        SimulatedPhone.items = []
        let made = try keys.create(name: "a", kind: .deny, attestTo: nil)
        try expect(SimulatedPhone.keys.count, 1)
        try expect(try keys.sign(name: "a", message: message, reason: .silent), made.publicKey + message)
    }
    test("deleting deletes one key and its record, and what is not there is fine") { keys in
        _ = try keys.create(name: "a", kind: .deny, attestTo: nil)
        _ = try keys.create(name: "b", kind: .deny, attestTo: nil)
        try keys.delete(name: "a")
        try keys.delete(name: "a")
        try expect(SimulatedPhone.keys.count, 1)
        try expect(KeyError.missing) { _ = try keys.publicKey(name: "a") }
        try expect(try keys.publicKey(name: "b").count, 65)
    }
    test("what an earlier installation left behind can all be deleted") { keys in
        for kind in KeyKind.allCases { _ = try keys.create(name: "\(kind)", kind: kind, attestTo: nil) }
        try keys.deleteAll()
        try expect(SimulatedPhone.keys.count + SimulatedPhone.items.count, 0)
    }
    test("a Keychain that does not answer is no key that is missing") { keys in
        _ = try keys.create(name: "a", kind: .deny, attestTo: nil)
        SimulatedPhone.status = errSecInteractionNotAllowed
        try expect(KeyError.unavailable) { _ = try keys.publicKey(name: "a") }
        try expect(KeyError.unavailable) { _ = try keys.create(name: "b", kind: .deny, attestTo: nil) }
        try expect(KeyError.unavailable) { try keys.delete(name: "a") }
    }
    test("no record of a key is in a backup") { keys in
        for kind in KeyKind.allCases { _ = try keys.create(name: "\(kind)", kind: kind, attestTo: nil) }
        for item in SimulatedPhone.items {
            try expect(item.accessible == kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly, true)
        }
    }
}

func keyFailureTests() {
    Tests.test("each error of the platform means one thing to the core") {
        let meant: [(String, Int, KeyError)] = [
            ("NSOSStatusErrorDomain", -128, .userNotVerified), ("NSOSStatusErrorDomain", -25293, .userNotVerified),
            ("NSOSStatusErrorDomain", -25300, .invalidated), ("NSOSStatusErrorDomain", -25308, .unavailable),
            ("com.apple.LocalAuthentication", -1, .userNotVerified),
            ("com.apple.LocalAuthentication", -2, .userNotVerified),
            ("com.apple.LocalAuthentication", -4, .userNotVerified),
            ("com.apple.LocalAuthentication", -5, .invalidated), ("com.apple.LocalAuthentication", -7, .invalidated),
            ("CryptoTokenKit", -4, .userNotVerified), ("CryptoTokenKit", -6, .invalidated),
            ("CryptoTokenKit", -3, .unavailable), ("somewhere", -128, .unavailable),
        ]
        for (domain, code, error) in meant {
            try expect(KeyFailure(domain: domain, code: code).meaning(biometryChanged: false), error)
        }
    }
    Tests.test("what fails without a reason fails for another finger, where there is one") {
        try expect(KeyFailure(domain: "CryptoTokenKit", code: -3).meaning(biometryChanged: true), .invalidated)
        try expect(KeyFailure(domain: "NSOSStatusErrorDomain", code: -25293).meaning(biometryChanged: true), .invalidated)
        // A user who closes the prompt is told nothing of lost keys.
        try expect(KeyFailure(domain: "NSOSStatusErrorDomain", code: -128).meaning(biometryChanged: true), .userNotVerified)
    }
}

func vaultKeyTests() {
    Tests.test("the key of the vault is made once, and is in no backup") {
        SimulatedPhone.reset()
        let made = try VaultKey().readOrMake()
        try expect(made.count, 32)
        try expect(made == [UInt8](repeating: 0, count: 32), false)
        try expect(try VaultKey().readOrMake(), made)
        let accessible = SimulatedPhone.items.map(\.accessible)
        try expect(accessible == [kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly], true)
    }
    Tests.test("a Keychain that cannot be read makes no other key") {
        SimulatedPhone.reset()
        let made = try VaultKey().readOrMake()
        SimulatedPhone.status = errSecInteractionNotAllowed
        try expect(KeyError.unavailable) { _ = try VaultKey().readOrMake() }
        SimulatedPhone.status = nil
        try expect(try VaultKey().readOrMake(), made)
    }
}
