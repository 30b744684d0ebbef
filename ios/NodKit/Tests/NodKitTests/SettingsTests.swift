// The rules of codes, settings, backup and lock.

import Testing

@testable import NodKit

@Suite struct SettingsTests {
    @Test func aCodeMovesWithinTheList() {
        var told = Told<CodeDetailsScreen>()
        told.tell(.opened(id: "k1"), .loaded(timedCode, position: 0, count: 2))
        #expect(told.tell(.upPressed).isEmpty)
        #expect(told.tell(.downPressed) == [.move(id: "k1", position: 1)])
        #expect(told.tell(.downPressed).isEmpty)
        #expect(told.tell(.moved) == [.load(id: "k1")])
        told.tell(.loaded(timedCode, position: 1, count: 2))
        #expect(told.tell(.downPressed).isEmpty)
        #expect(told.tell(.upPressed) == [.move(id: "k1", position: 0)])
    }

    @Test func aCodeKeepsAName() {
        var told = Told<CodeDetailsScreen>()
        told.tell(.loaded(timedCode, position: 0, count: 1))
        #expect(told.tell(.issuerChanged(""), .accountChanged(" "), .savePressed).isEmpty)
        #expect(told.tell(.accountChanged(" bob "), .savePressed) == [.rename(id: "k1", issuer: "", account: "bob")])
        told.tell(.saved)
        #expect(told.state.saved && told.state.code?.account == "bob")
        #expect(told.tell(.removeConfirmed).isEmpty, "it asks first")
        #expect(told.tell(.removePressed, .removeConfirmed) == [.remove(id: "k1")])
    }

    @Test func aTypedCodeNeedsASecretAndAName() {
        var told = Told<AddCodeScreen>()
        #expect(told.tell(.secretChanged("JBSW"), .savePressed).isEmpty)
        told.tell(.issuerChanged("Example"), .digitsChosen(8), .periodChosen(seconds: 60), .digitsChosen(9))
        let code = TypedCode(issuer: "Example", account: "", secret: "JBSW", digits: 8, periodS: 60)
        #expect(told.tell(.savePressed) == [.add(code)])
        #expect(told.tell(.savePressed).isEmpty)
        told.tell(.failedWith(.unusableCode(detail: "base32")))
        #expect(told.state.error == .unusableCode(detail: "base32") && told.state.secret == "JBSW")
        #expect(!"\(told.state)".contains("JBSW") && !"\(code)".contains("JBSW"))
        #expect(told.tell(.savePressed, .saved) == [.close])
        #expect(told.state.secret.isEmpty)
    }

    @Test func turningTheLockOnOrOffVerifiesTheUserFirst() {
        var told = Told<SettingsScreen>()
        told.tell(.loaded(LoadedSettings(lockOn: false, lockAvailable: true, language: nil, codes: 1, version: "1")))
        #expect(told.tell(.lockToggled(on: true)) == [.verifyUser])
        #expect(!told.state.lockOn)
        #expect(told.tell(.lockToggled(on: true)).isEmpty)
        told.tell(.userRefused)
        #expect(!told.state.lockOn && told.state.refused)
        told.tell(.lockToggled(on: true))
        #expect(told.tell(.userVerified) == [.setLock(on: true)])
        #expect(told.tell(.lockToggled(on: false)) == [.verifyUser])
        #expect(told.tell(.userVerified) == [.setLock(on: false)])
        #expect(told.tell(.userVerified).isEmpty, "nothing was asked")
    }

    @Test func aPhoneWithoutAScreenLockHasNoLock() {
        var told = Told<SettingsScreen>()
        told.tell(.loaded(LoadedSettings(lockOn: false, lockAvailable: false, language: .sv, codes: 0, version: "1")))
        #expect(told.tell(.lockToggled(on: true)).isEmpty)
        #expect(told.tell(.exportPressed).isEmpty, "there is nothing to save")
        #expect(told.tell(.languageChosen(nil)) == [.setLanguage(nil)])
        #expect(told.state.language == nil)
    }

    @Test func anExportNeedsALongPassphraseTwice() {
        var told = Told<BackupScreen>()
        told.tell(.opened(.export), .passphraseChanged("ninechars"), .repeatedChanged("ninechars"))
        #expect(told.state.isTooShort && told.tell(.startPressed).isEmpty)
        told.tell(.passphraseChanged("ten chars!"))
        #expect(told.state.isDifferent && told.tell(.startPressed).isEmpty)
        told.tell(.repeatedChanged("ten chars!"))
        #expect(told.tell(.startPressed) == [.verifyUser])
        #expect(told.tell(.startPressed).isEmpty)
        #expect(told.tell(.userVerified) == [.seal(passphrase: "ten chars!")])
        #expect(told.tell(.sealed([1], codes: 2)) == [.save([1], codes: 2)])
        told.tell(.saved(true, codes: 2))
        #expect(told.state.done == .exported(codes: 2))
        #expect(told.state.passphrase.isEmpty && told.state.repeated.isEmpty)
    }

    @Test func aFileThatWasNotSavedIsNotDone() {
        var told = Told<BackupScreen>()
        told.tell(.opened(.export), .passphraseChanged("ten chars!"), .repeatedChanged("ten chars!"), .startPressed)
        told.tell(.userVerified, .sealed([1], codes: 2), .saved(false, codes: 2))
        #expect(told.state.done == nil && !told.state.busy)
        #expect(told.tell(.startPressed) == [.verifyUser])
        #expect(told.tell(.userRefused).isEmpty)
        #expect(told.state.error == .refused)
    }

    @Test func aRestoreNeedsAFileAndAPassphrase() {
        var told = Told<BackupScreen>()
        told.tell(.opened(.restore), .passphraseChanged("x"))
        #expect(told.tell(.startPressed).isEmpty)
        #expect(told.tell(.choosePressed) == [.openFile])
        told.tell(.fileOpened([7]))
        #expect(told.tell(.startPressed) == [.restore([7], passphrase: "x")])
        told.tell(.failedWith(.wrongPassphrase))
        #expect(told.state.error == .failed(.wrongPassphrase) && told.state.file == [7])
        told.tell(.startPressed, .restored(AddedCodes(added: 1, known: 0, skipped: 0)))
        #expect(told.state.done == .restored(AddedCodes(added: 1, known: 0, skipped: 0)))
        #expect(!"\(told.state)".contains("passphrase:"))
    }

    @Test func theLockAsksOnceAtATimeAndAgainWhenPressed() {
        var told = Told<LockScreen>()
        #expect(told.tell(.shown) == [.verifyUser])
        #expect(told.tell(.unlockPressed).isEmpty)
        told.tell(.userRefused)
        #expect(told.state.refused)
        #expect(told.tell(.unlockPressed) == [.verifyUser])
        #expect(told.tell(.userVerified) == [.unlock])
    }

    @Test func licencesClose() {
        #expect(LicencesScreen.reduce(LicencesState(), .backPressed).effects == [.close])
    }
}
