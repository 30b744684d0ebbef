// Where the vault lies: in the app's own folder, in no backup, with its key in the Keychain.

import Foundation
import NodKit

struct VaultPlace: Sendable {
    let directory: String
    /// 32 bytes.
    let key: [UInt8]

    /// Makes the folder where there is none, and finds the key.
    static func prepare(keys: SecureEnclaveKeys) throws -> VaultPlace {
        let files = FileManager.default
        let support = try files.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        var directory = support.appendingPathComponent("Vault", isDirectory: true)
        if !files.fileExists(atPath: directory.path) {
            // The Keychain outlives the app: what an earlier installation left there opens nothing any more.
            try VaultKey().delete()
            try keys.deleteAll()
            // Files in it take its protection on: a denial from the locked screen needs the vault.
            try files.createDirectory(
                at: directory, withIntermediateDirectories: true,
                attributes: [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication])
        }
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try directory.setResourceValues(values)
        return VaultPlace(directory: directory.path, key: try VaultKey().readOrMake())
    }
}
