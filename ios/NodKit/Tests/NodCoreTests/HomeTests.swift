// Home, one-time codes, backup and settings through the models, against the real core.

import Foundation
import NodCore
import NodKit
import Testing

@Suite(.timeLimit(.minutes(1)))
@MainActor
struct HomeTests {
    private let platform = Platform()
    private let text = "otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&issuer=Example"

    @Test func aScannedCodeIsAddedAndCopied() async throws {
        let phone = try await TestPhone.open()
        let world = world(phone.core, platform)
        let scan = ScreenModel(ScanScreen.self, in: world)
        scan.send(.opened(paste: false))
        try await scan.until { $0.camera == .allowed }
        scan.send(.found(text: text))
        try await scan.until { $0.added == AddedCodes(added: 1, known: 0, skipped: 0) }
        scan.send(.found(text: text))
        #expect(!scan.state.busy, "it is read once while it stays before the camera")

        let home = ScreenModel(HomeScreen.self, in: world)
        home.send(.opened)
        let code = try await home.value { $0.codes.first }
        #expect((code.issuer, code.account, code.period) == ("Example", "alice", 30))
        home.send(.codePressed(id: code.id))
        try await home.until { $0.message == .copied && $0.notificationsOff }
        while platform.copied.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        let shown = try #require(code.shown)
        #expect(platform.copied == [shown] && shown.count == 6)
    }

    @Test func aTextThatIsNoneIsRefusedInWords() async throws {
        let phone = try await TestPhone.open()
        let scan = ScreenModel(ScanScreen.self, in: world(phone.core, platform))
        scan.send(.opened(paste: true))
        scan.send(.textChanged("https://example.org"))
        scan.send(.submitPressed)
        try await scan.until { $0.error == .unknownText && !$0.busy }
    }

    @Test func aCounterBasedCodeIsShownWhenAsked() async throws {
        let phone = try await TestPhone.open()
        _ = try await phone.core.addCodes(text: "otpauth://hotp/Example:bob?secret=JBSWY3DPEHPK3PXP&counter=0")
        let home = ScreenModel(HomeScreen.self, in: world(phone.core, platform))
        home.send(.opened)
        let code = try await home.value { $0.codes.first }
        #expect(code.isCounted && code.shown == nil)
        home.send(.nextCodePressed(id: code.id))
        #expect(try await home.value { $0.codes.first?.shown } == "282760")
        home.send(.nextCodePressed(id: code.id))
        try await home.until { $0.codes.first?.shown == "996554" }
    }

    @Test func codesAreTypedRenamedMovedAndRemoved() async throws {
        let phone = try await TestPhone.open()
        let world = world(phone.core, platform)
        _ = try await phone.core.addCodes(text: text)
        let add = ScreenModel(AddCodeScreen.self, in: world)
        add.send(.issuerChanged("Second"))
        add.send(.secretChanged("jbsw y3dp ehpk 3pxq"))
        add.send(.savePressed)
        #expect(try await platform.navigation() == .close)
        let second = try #require(try await phone.core.codes().last)
        #expect(second.issuer == "Second")

        let details = ScreenModel(CodeDetailsScreen.self, in: world)
        details.send(.opened(id: second.id))
        try await details.until { $0.code != nil }
        details.send(.upPressed)
        try await details.until { $0.position == 0 }
        #expect(try await phone.core.codes().map(\.id).first == second.id)
        details.send(.issuerChanged("First"))
        details.send(.savePressed)
        try await details.until { $0.saved }
        #expect(try await phone.core.codes().map(\.issuer) == ["First", "Example"])
        details.send(.removePressed)
        details.send(.removeConfirmed)
        while try await phone.core.codes().count != 1 { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test func aBackupIsSavedAndRestoredOnAnotherPhone() async throws {
        let (phone, other) = (try await TestPhone.open(), try await TestPhone.open())
        _ = try await phone.core.addCodes(text: text)
        let export = ScreenModel(BackupScreen.self, in: world(phone.core, platform))
        export.send(.opened(.export))
        export.send(.passphraseChanged("a long passphrase"))
        export.send(.repeatedChanged("a long passphrase"))
        export.send(.startPressed)
        try await export.until { $0.done == .exported(codes: 1) }
        #expect(platform.verified == [.export])
        #expect(export.state.passphrase.isEmpty)
        let sealed = try #require(platform.saved.first)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("JBSWY3DP"))

        platform.file = sealed
        let restore = ScreenModel(BackupScreen.self, in: world(other.core, platform))
        restore.send(.opened(.restore))
        restore.send(.choosePressed)
        try await restore.until { $0.file != nil }
        restore.send(.passphraseChanged("another passphrase"))
        restore.send(.startPressed)
        try await restore.until { $0.error == .failed(.wrongPassphrase) }
        restore.send(.passphraseChanged("a long passphrase"))
        restore.send(.startPressed)
        try await restore.until { $0.done == .restored(AddedCodes(added: 1, known: 0, skipped: 0)) }
        #expect(try await other.core.codes().map(\.issuer) == ["Example"])
    }

    @Test func aBackupIsNotMadeForSomebodyElse() async throws {
        let phone = try await TestPhone.open()
        _ = try await phone.core.addCodes(text: text)
        platform.userAgrees = false
        let export = ScreenModel(BackupScreen.self, in: world(phone.core, platform))
        export.send(.opened(.export))
        export.send(.passphraseChanged("a long passphrase"))
        export.send(.repeatedChanged("a long passphrase"))
        export.send(.startPressed)
        try await export.until { $0.error == .refused && !$0.busy }
        #expect(platform.saved.isEmpty)
    }

    @Test func theLockIsTurnedOnByItsUserAlone() async throws {
        let phone = try await TestPhone.open()
        let settings = ScreenModel(SettingsScreen.self, in: world(phone.core, platform))
        settings.send(.opened)
        try await settings.until { $0.version == "1.0" }
        platform.userAgrees = false
        settings.send(.lockToggled(on: true))
        try await settings.until { $0.refused }
        #expect(!platform.lockOn && !settings.state.lockOn)
        platform.userAgrees = true
        settings.send(.lockToggled(on: true))
        #expect(try await platform.navigation() == .lockChanged(on: true))
        #expect(platform.lockOn && settings.state.lockOn)
    }

    @Test func aRelayThatGoesAwayIsSaidToBeOffline() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        try await phone.enrolled(at: login)
        let home = ScreenModel(HomeScreen.self, in: world(phone.core, platform))
        home.send(.opened)
        try await home.until { $0.accounts.count == 1 && $0.offline.isEmpty }
        login.kill()
        try await home.until { $0.offline.first?.reason == .unreachable }
    }
}
