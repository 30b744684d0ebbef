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
        #expect(told.state == .moving(move(.moving), error: nil))
        told.tell(.progress(move(.done)))
        #expect(told.state == .ended(MoveEnding(move(.done))))
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
        #expect(told.tell(.againPressed) == [.offer])
        #expect(told.state == .opening)
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
        #expect(told.state == .ended(MoveEnding(move(.otherPhoneLeft))))
    }

    @Test func cancellingTellsTheOtherPhone() {
        var told = typing()
        #expect(told.tell(.cancelPressed) == [.cancel])
        #expect(told.tell(.cancelled) == [.close])
        var warning = Told<MoveOldScreen>()
        #expect(warning.tell(.opened(accounts: 1, codes: 0), .cancelPressed) == [.close])
        var moving = Told<MoveOldScreen>()
        #expect(moving.tell(.resumed(move(.moving), now: 1)) == [.finish])
        #expect(moving.tell(.cancelPressed) == [.cancel])
        #expect(moving.tell(.cancelled) == [.loadMove], "what was authorised may still move")
    }

    @Test func aQrCodeIsNotShownAgainAfterARestart() {
        var told = Told<MoveOldScreen>()
        #expect(told.tell(.resumed(move(.offered), now: 5)) == [.forget])
        #expect(told.state == .failed(.expired))
        told.tell(.resumed(move(.awaitingCode), now: 5))
        #expect(field(told)?.deadline == 125)
    }

    @Test func codesAreDeletedOnceAndOnlyAfterTheyHaveArrived() {
        var told = Told<MoveOldScreen>()
        told.tell(.resumed(move(.moving), now: 1))
        #expect(told.tell(.deleteCodesPressed).isEmpty)
        told.tell(.progress(move(.done)))
        #expect(told.tell(.deleteCodesPressed).isEmpty)
        #expect(told.tell(.changed) == [.loadMove])
        told.tell(.progress(move(.done, codesArrived: true)))
        #expect(told.tell(.deleteCodesPressed) == [.deleteCodes])
        #expect(told.tell(.deleteCodesPressed).isEmpty)
        told.tell(.failedWith(.storage))
        #expect(told.tell(.deleteCodesPressed) == [.deleteCodes])
        told.tell(.codesDeleted(count: 3))
        guard case .ended(let ending) = told.state else {
            Issue.record("\(told.state)")
            return
        }
        #expect(ending.deleted == 3 && !ending.canDelete && ending.error == nil)
    }

    @Test func aUserWhoStoppedAtAnAccountSeesTheListAndCanGoOn() {
        var told = Told<MoveOldScreen>()
        told.tell(.resumed(move(.moving), now: 1))
        #expect(told.tell(.againPressed).isEmpty)
        #expect(told.tell(.failedWith(.userNotVerified)) == [.loadMove])
        #expect(told.state == .moving(move(.moving), error: .userNotVerified))
        #expect(told.tell(.againPressed) == [.finish])
        #expect(told.state == .moving(move(.moving), error: nil))
        var new = Told<MoveNewScreen>()
        new.tell(.resumed(move(.moving, side: .new)), .failedWith(.userNotVerified))
        #expect(new.state == .moving(move(.moving, side: .new), error: .userNotVerified))
        #expect(new.tell(.againPressed) == [.finish])
    }

    @Test func aBusyPhoneLooksWhatItIsBusyWith() {
        var told = Told<MoveOldScreen>()
        told.tell(.opened(accounts: 1, codes: 0), .startPressed, .failedWith(.busy))
        #expect(told.tell(.againPressed) == [.look])
    }

    @Test func aCodeWhoseMoveEndedBeforeAnythingMovedHasFailed() {
        for (stage, error) in [
            (MoveStage.otherPhoneLeft, PhoneError.otherPhoneLeft), (.failed, .noAnswer), (.cancelled, .noAnswer),
        ] {
            var told = Told<MoveNewScreen>()
            told.tell(.opened(text: "q"), .joined(move(.codeShown(code: "123456"), side: .new)))
            told.tell(.progress(move(stage, side: .new)))
            #expect(told.state == .failed(error))
        }
        var told = Told<MoveNewScreen>()
        told.tell(.opened(text: "q"), .failedWith(.noAnswer), .over(.secondPhone))
        #expect(told.state == .failed(.secondPhone), "the one who knows more may be the second to say it")
    }

    @Test func theNewPhoneGoesFromTheScanToTheEnd() {
        var told = Told<MoveNewScreen>()
        #expect(told.tell(.opened(text: "q")) == [.join(text: "q")])
        #expect(told.tell(.joined(move(.codeShown(code: "123456"), side: .new))) == [.finish])
        #expect(told.state == .codeShown(code: "123456", otherPhone: "New iPhone"))
        #expect(told.tell(.changed) == [.loadMove])
        told.tell(.progress(move(.moving, side: .new)))
        #expect(told.state == .moving(move(.moving, side: .new), error: nil))
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
