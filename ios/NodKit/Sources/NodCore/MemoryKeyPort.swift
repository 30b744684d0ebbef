// Keys in memory, for previews and for tests on machines without a Secure Enclave. They die with the process.

import Foundation
import NodFFI
import NodKit

/// Keys in memory that ask nobody. An app never uses them; a test wraps them.
public final class MemoryKeyPort: KeyPort {
    private let keys = MemoryKeys()

    public init() {}

    public func create(
        name: String, kind: NodKit.KeyKind, attestTo: [UInt8]?
    ) throws(NodKit.KeyError) -> NodKit.CreatedKey {
        try asking {
            let made = try keys.create(name: name, kind: kind.lowered)
            return NodKit.CreatedKey(publicKey: [UInt8](made.publicKey), attestation: made.attestation)
        }
    }

    public func publicKey(name: String) throws(NodKit.KeyError) -> [UInt8] {
        try asking { [UInt8](try keys.publicKey(name: name)) }
    }

    public func sign(
        name: String, message: [UInt8], reason: NodKit.PromptReason
    ) throws(NodKit.KeyError) -> [UInt8] {
        try asking { [UInt8](try keys.sign(name: name, message: Data(message))) }
    }

    public func agree(name: String, peer: [UInt8]) throws(NodKit.KeyError) -> [UInt8] {
        try asking { [UInt8](try keys.agree(name: name, peer: Data(peer))) }
    }

    public func delete(name: String) throws(NodKit.KeyError) {
        keys.delete(name: name)
    }

    public func verifiesUser() -> Bool { false }

    public func attests() -> Bool { false }

    private func asking<T>(_ call: () throws -> T) throws(NodKit.KeyError) -> T {
        do {
            return try call()
        } catch {
            throw (error as? NodFFI.KeyError)?.lifted ?? .unavailable
        }
    }
}
