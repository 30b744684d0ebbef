// The platform's ports as the Rust core calls them.

import Foundation
import NodFFI
import NodKit

final class ForeignKeys: PlatformKeys {
    private let port: any KeyPort

    init(_ port: any KeyPort) {
        self.port = port
    }

    func create(name: String, kind: NodFFI.KeyKind, attestTo: Data?) throws -> NodFFI.CreatedKey {
        try asking { () throws(NodKit.KeyError) in
            let made = try port.create(name: name, kind: kind.lifted, attestTo: attestTo.map { [UInt8]($0) })
            return NodFFI.CreatedKey(publicKey: Data(made.publicKey), attestation: made.attestation)
        }
    }

    func publicKey(name: String) throws -> Data {
        try asking { () throws(NodKit.KeyError) in Data(try port.publicKey(name: name)) }
    }

    func sign(name: String, message: Data, reason: NodFFI.PromptReason) throws -> Data {
        try asking { () throws(NodKit.KeyError) in
            Data(try port.sign(name: name, message: [UInt8](message), reason: reason.lifted))
        }
    }

    func agree(name: String, peer: Data) throws -> Data {
        try asking { () throws(NodKit.KeyError) in Data(try port.agree(name: name, peer: [UInt8](peer))) }
    }

    func delete(name: String) throws {
        try asking { () throws(NodKit.KeyError) in try port.delete(name: name) }
    }

    func verifiesUser() -> Bool {
        port.verifiesUser()
    }

    func attests() -> Bool {
        port.attests()
    }

    private func asking<T>(_ call: () throws(NodKit.KeyError) -> T) throws -> T {
        do {
            return try call()
        } catch {
            throw error.lowered
        }
    }
}

final class ForeignWake: WakeTokens {
    private let port: any WakePort

    init(_ port: any WakePort) {
        self.port = port
    }

    func token(choice: NodFFI.WakeChoice) -> NodFFI.WakeToken? {
        let token = port.token(for: NodKit.WakeChoice(relay: choice.relay, apnsTopic: choice.apns))
        return token.map { .apns(token: $0.token, sandbox: $0.sandbox) }
    }
}

final class ForeignLog: LogSink {
    private let port: any LogPort

    init(_ port: any LogPort) {
        self.port = port
    }

    func log(level: NodFFI.LogLevel, target: String, message: String) {
        port.log(level: level.lifted, target: target, message: message)
    }
}
