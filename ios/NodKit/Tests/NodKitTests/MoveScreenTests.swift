// The rules of a move, on both phones.

import Testing

@testable import NodKit

@Suite struct MoveScreenTests {
    /// The old phone with its code field.
    private func typing() -> Told<MoveOldScreen> {
        var told = Told<MoveOldScreen>()
        told.tell(.opened(accounts: 1, codes: 3), .startPressed, .offered(qr: "q", secondsLeft: 120, now: 10))
        told.tell(.joined(move(.awaitingCode), now: 30))
        return told
    }

    private func field(_ told: Told<MoveOldScreen>) -> MoveCode? {
        if case .code(let code) = told.state { code } else { nil }
    }

    @Test func theOldPhoneGoesFromWarningToTheEnd() {
        var told = Told<MoveOldScreen>()
        #expect(told.tell(.shown) == [.look])
        told.tell(.opened(accounts: 1, codes: 3))
        #expect(told.tell(.startPressed) == [.offer])
        #expect(told.tell(.offered(qr: "q", secondsLeft: 120, now: 10)) == [.waitJoined])
        #expect(told.state == .qr(text: "q", deadline: 130, now: 10))
        told.tell(.tick(now: 20), .joined(move(.awaitingCode), now: 30))
        #expect(field(told)?.otherPhone == "New iPhone")
        #expect(field(told)?.deadline == 130)
        told.tell(.digitsTyped("12 34 56"))
        #expect(told.tell(.confirmPressed) == [.confirm(code: "123456")])
        #expect(told.tell(.confirmed) == [.loadMove, .finish])
        told.tell(.progress(move(.moving)))
        #expect(told.state == .moving(move(.moving)))
        told.tell(.progress(move(.done)))
        #expect(told.state == .ended(move(.done), deleted: nil))
    }

    @Test func fewerThanSixDigitsAreNoGuess() {
        var told = typing()
        #expect(told.tell(.digitsTyped("12345"), .confirmPressed).isEmpty)
        #expect(field(told)?.error == .notSixDigits)
        told.tell(.digitsTyped("123456"))
        #expect(field(told)?.error == nil)
    }

    @Test func thereIsOneGuessAndItIsSentOnce() {
        var told = typing()
        told.tell(.digitsTyped("123456"), .confirmPressed)
        #expect(told.tell(.confirmPressed).isEmpty)
        told.tell(.digitsTyped("654321"))
        #expect(field(told)?.typed == "123456")
        told.tell(.failedWith(.wrongCode))
        #expect(told.state == .failed(.wrongCode))
        #expect(told.tell(.againPressed) == [.startOver])
    }

    @Test func aSecondPhoneEndsIt() {
        var told = typing()
        told.tell(.over(.secondPhone))
        #expect(told.state == .failed(.secondPhone))
        var shown = Told<MoveOldScreen>()
        shown.tell(.opened(accounts: 1, codes: 0), .startPressed, .offered(qr: "q", secondsLeft: 120, now: 10))
        shown.tell(.over(.expired))
        #expect(shown.state == .failed(.expired))
    }

    @Test func whatHasMovedIsShownEvenWhenTheRestHasNot() {
        var told = typing()
        told.tell(.digitsTyped("123456"), .confirmPressed, .confirmed, .progress(move(.moving)))
        #expect(told.tell(.over(.otherPhoneLeft)) == [.loadMove])
        told.tell(.progress(move(.otherPhoneLeft)))
        #expect(told.state == .ended(move(.otherPhoneLeft), deleted: nil))
    }

    @Test func cancellingTellsTheOtherPhone() {
        var told = typing()
        #expect(told.tell(.cancelPressed) == [.cancel, .close])
        var warning = Told<MoveOldScreen>()
        #expect(warning.tell(.opened(accounts: 1, codes: 0), .cancelPressed) == [.close])
        var moving = Told<MoveOldScreen>()
        #expect(moving.tell(.resumed(move(.moving))) == [.finish])
        #expect(moving.tell(.cancelPressed) == [.cancel, .loadMove])
    }

    @Test func aQrCodeIsNotShownAgainAfterARestart() {
        for stage in [MoveStage.offered, .awaitingCode] {
            var told = Told<MoveOldScreen>()
            #expect(told.tell(.resumed(move(stage))) == [.startOver])
            #expect(told.state == .warning(accounts: 1, codes: 3))
        }
    }

    @Test func codesAreDeletedOnlyAfterTheEnd() {
        var told = Told<MoveOldScreen>()
        told.tell(.resumed(move(.moving)))
        #expect(told.tell(.deleteCodesPressed).isEmpty)
        told.tell(.progress(move(.done, codesArrived: true)))
        #expect(told.tell(.deleteCodesPressed) == [.deleteCodes])
        told.tell(.codesDeleted(count: 3))
        #expect(told.state == .ended(move(.done, codesArrived: true), deleted: 3))
    }

    @Test func aUserWhoStoppedAtAnAccountCanGoOn() {
        var told = Told<MoveOldScreen>()
        told.tell(.resumed(move(.moving)), .failedWith(.userNotVerified))
        #expect(told.state == .failed(.userNotVerified))
        #expect(told.tell(.againPressed) == [.startOver])
        #expect(told.tell(.resumed(move(.moving))) == [.finish])
    }

    @Test func theNewPhoneGoesFromTheScanToTheEnd() {
        var told = Told<MoveNewScreen>()
        #expect(told.tell(.opened(text: "q")) == [.join(text: "q")])
        #expect(told.tell(.joined(move(.codeShown(code: "123456"), side: .new))) == [.finish])
        #expect(told.state == .codeShown(code: "123456", otherPhone: "New iPhone"))
        #expect(told.tell(.changed) == [.loadMove])
        told.tell(.progress(move(.moving, side: .new)))
        #expect(told.state == .moving(move(.moving, side: .new)))
        told.tell(.progress(move(.done, side: .new)))
        #expect(told.state == .ended(move(.done, side: .new)))
        #expect(told.tell(.closePressed) == [.close])
    }

    @Test func aMoveGoesOnAfterARestartOfTheNewPhone() {
        var told = Told<MoveNewScreen>()
        #expect(told.tell(.opened(text: "")) == [.resume])
        #expect(told.tell(.resumed(move(.moving, side: .new))) == [.finish])
    }

    @Test func aFailedMoveIsScannedAgain() {
        var told = Told<MoveNewScreen>()
        told.tell(.opened(text: "q"), .failedWith(.usedUp))
        #expect(told.state == .failed(.usedUp))
        #expect(told.tell(.againPressed) == [.open(.scan())])
    }

    @Test func noSecretIsInADescription() {
        var old = typing()
        old.tell(.digitsTyped("123456"))
        #expect(!"\(old.state)".contains("123456"))
        let qr = MoveOldState.qr(text: "nod:1/m?secret", deadline: 1, now: 0)
        #expect(!"\(qr)".contains("secret") && !String(reflecting: qr).contains("secret"))
        let shown = MoveNewState.codeShown(code: "123456", otherPhone: nil)
        #expect(!"\(shown)".contains("123456"))
        #expect(!"\(move(.codeShown(code: "123456")))".contains("123456"))
        #expect(!"\(MoveOffer(qr: "nod:1/m?secret", secondsLeft: 1))".contains("secret"))
    }
}
