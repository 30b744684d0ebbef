// What is remembered of a key beside it: nothing secret.

import Foundation
import NodKit

/// The Keychain says of a key that died with an enrolled finger either that it is not there or that it failed. With a
/// record of every key that was made, the two are told from one that never was; the public half needs no key for it.
struct KeyRecord: Codable, Equatable, Sendable {
    /// Whether each use asks for the user.
    var asks: Bool
    /// 65 bytes, uncompressed.
    var publicKey: Data
    /// Which fingers or faces were enrolled when it was made.
    var biometry: Data?
}

/// The records of all keys.
struct KeyRecords: Sendable {
    private let keychain = Keychain(service: "nod.key-records")

    func read(_ name: String) throws(KeyError) -> KeyRecord? {
        guard let bytes = try keychain.read(name) else { return nil }
        do {
            return try JSONDecoder().decode(KeyRecord.self, from: Data(bytes))
        } catch {
            throw .unavailable
        }
    }

    func add(_ record: KeyRecord, as name: String) throws(KeyError) {
        let bytes: Data
        do {
            bytes = try JSONEncoder().encode(record)
        } catch {
            throw .unavailable
        }
        try keychain.add([UInt8](bytes), as: name)
    }

    func delete(_ name: String) throws(KeyError) {
        try keychain.delete(name)
    }

    func deleteAll() throws(KeyError) {
        try keychain.deleteAll()
    }
}
