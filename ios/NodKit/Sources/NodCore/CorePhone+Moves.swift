// Moves to a new phone and one-time codes, through the Rust core.

import Foundation
import NodFFI
import NodKit

extension CorePhone {
    public func offerMove(relay: String?) async throws(PhoneError) -> NodKit.MoveOffer {
        try await asking { try await phone.offerMove(relay: relay).lifted }
    }

    public func waitJoined() async throws(PhoneError) -> Move {
        try await asking { try await phone.waitJoined().lifted }
    }

    public func confirmMove(code: String) async throws(PhoneError) {
        try await asking { try await phone.confirmMove(code: code) }
    }

    public func joinMove(qr: String) async throws(PhoneError) -> Move {
        try await asking { try await phone.joinMove(qr: qr).lifted }
    }

    public func finishMove(seconds: Double) async throws(PhoneError) -> Move {
        try await asking { try await phone.finishMove(seconds: seconds).lifted }
    }

    public func moveStatus() async throws(PhoneError) -> Move? {
        try await asking { try await phone.moveStatus()?.lifted }
    }

    public func cancelMove() async throws(PhoneError) {
        try await asking { try await phone.cancelMove() }
    }

    public func deleteMovedCodes() async throws(PhoneError) -> Int {
        try await asking { Int(try await phone.deleteMovedCodes()) }
    }

    public func codes() async throws(PhoneError) -> [CodeEntry] {
        try await asking { try await phone.codes().map(\.lifted) }
    }

    public func addCodes(text: String) async throws(PhoneError) -> NodKit.AddedCodes {
        try await asking { try await phone.addCodes(text: text).lifted }
    }

    public func addTypedCode(_ code: NodKit.TypedCode) async throws(PhoneError) {
        try await asking { try await phone.addTypedCode(code: code.lowered) }
    }

    public func nextCode(code: String) async throws(PhoneError) -> String {
        try await asking { try await phone.nextCode(code: code) }
    }

    public func renameCode(code: String, issuer: String, account: String) async throws(PhoneError) {
        try await asking { try await phone.renameCode(code: code, issuer: issuer, account: account) }
    }

    public func moveCode(code: String, position: Int) async throws(PhoneError) {
        try await asking { try await phone.moveCode(code: code, position: UInt32(clamping: position)) }
    }

    public func removeCode(code: String) async throws(PhoneError) {
        try await asking { try await phone.removeCode(code: code) }
    }

    public func exportCodes(passphrase: String) async throws(PhoneError) -> [UInt8] {
        try await asking { [UInt8](try await phone.exportCodes(passphrase: passphrase)) }
    }

    public func restoreCodes(backup: [UInt8], passphrase: String) async throws(PhoneError) -> NodKit.AddedCodes {
        try await asking { try await phone.restoreCodes(backup: Data(backup), passphrase: passphrase).lifted }
    }
}
