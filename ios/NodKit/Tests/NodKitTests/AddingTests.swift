// The rules of welcome, scanner, question and enrolment.

import Testing

@testable import NodKit

@Suite struct AddingTests {
    @Test func welcomeLeadsToTheScannerThePasteFieldAndTheBackup() {
        #expect(WelcomeScreen.reduce(WelcomeState(), .scanPressed).effects == [.open(.scan())])
        #expect(WelcomeScreen.reduce(WelcomeState(), .pastePressed).effects == [.open(.scan(paste: true))])
        #expect(WelcomeScreen.reduce(WelcomeState(), .restorePressed).effects == [.open(.backup(.restore))])
    }

    @Test func theCameraIsAskedForOnlyWhenItIsWanted() {
        var told = Told<ScanScreen>()
        #expect(told.tell(.opened(paste: true)).isEmpty)
        #expect(told.tell(.modeChosen(.camera)) == [.askCamera])
        told.tell(.cameraAnswered(allowed: false))
        #expect(told.state.camera == .refused)
        #expect(told.tell(.phoneSettingsPressed) == [.openPhoneSettings])
    }

    @Test func theSameTextIsReadOnceWhileItStays() {
        var told = Told<ScanScreen>()
        told.tell(.opened(paste: false), .cameraAnswered(allowed: true))
        #expect(told.tell(.found(text: "a")) == [.read(text: "a")])
        #expect(told.tell(.found(text: "a")).isEmpty)
        #expect(told.tell(.found(text: "b")).isEmpty, "one at a time")
        told.tell(.readFailed(.unknownText))
        #expect(told.tell(.found(text: "a")).isEmpty)
        #expect(told.state.error == .unknownText)
        #expect(told.tell(.found(text: "b")) == [.read(text: "b")])
        #expect(told.state.error == nil)
    }

    @Test func whatWasReadLeadsWhereItBelongs() {
        var told = Told<ScanScreen>()
        told.tell(.opened(paste: true), .textChanged("q"))
        #expect(told.tell(.submitPressed) == [.read(text: "q")])
        #expect(told.tell(.submitPressed).isEmpty)
        #expect(told.tell(.readAs(text: "q", scanned: .enrolment(relay: "r"))) == [.open(.enrol(text: "q"))])
        #expect(told.tell(.readAs(text: "q", scanned: .move(relay: "r"))) == [.open(.moveNew(text: "q"))])
        #expect(told.tell(.readAs(text: "q", scanned: .code(issuer: "i", account: "a"))) == [.addCodes(text: "q")])
    }

    @Test func blankTextIsNotSentIn() {
        var told = Told<ScanScreen>()
        told.tell(.opened(paste: true), .textChanged(" \n"))
        #expect(!told.state.canSubmit)
        #expect(told.tell(.submitPressed).isEmpty)
    }

    @Test func theCameraStaysOnForTheOtherPartsOfAnExport() {
        var told = Told<ScanScreen>()
        told.tell(.opened(paste: false), .cameraAnswered(allowed: true), .found(text: "1"))
        told.tell(.readAs(text: "1", scanned: .export(codes: 10, part: 1, parts: 2)))
        told.tell(.codesAdded(AddedCodes(added: 10, known: 0, skipped: 0, part: 1, parts: 2)))
        #expect(told.state.wantsMore)
        #expect(told.tell(.found(text: "1")).isEmpty)
        #expect(told.tell(.found(text: "2")) == [.read(text: "2")])
    }

    @Test func aLinkDoesNothingUntilItIsAgreedTo() {
        var told = Told<ConfirmScreen>()
        #expect(told.tell(.opened(text: "q")) == [.read(text: "q")])
        #expect(told.tell(.continuePressed).isEmpty)
        #expect(told.tell(.readAs(.enrolment(relay: "r"))).isEmpty)
        #expect(told.tell(.continuePressed) == [.open(.enrol(text: "q"))])
        #expect(told.tell(.readAs(.move(relay: "r")), .continuePressed) == [.open(.moveNew(text: "q"))])
        #expect(told.tell(.readAs(.code(issuer: "", account: "")), .continuePressed) == [.addCodes(text: "q")])
        #expect(told.tell(.continuePressed).isEmpty, "once")
        #expect(told.tell(.codesAdded) == [.close])
        #expect(told.tell(.cancelPressed) == [.close])
    }

    @Test func aLinkThatIsNothingCannotBeContinued() {
        var told = Told<ConfirmScreen>()
        told.tell(.opened(text: "q"), .readFailed(.newerText))
        #expect(!told.state.canContinue)
        #expect(told.tell(.continuePressed).isEmpty)
    }

    @Test func anEnrolmentGoesFromContactToCodeToAccount() {
        var told = Told<EnrolScreen>()
        #expect(told.tell(.opened(text: "q")) == [.enrol(text: "q")])
        #expect(told.tell(.verified(code: "123456", serviceName: "S", domain: nil)) == [.waitFinished])
        told.tell(.finished(account))
        #expect(told.state == .added(account))
        #expect(told.tell(.closePressed) == [.close])
    }

    @Test func cancelWhileContactingClosesAtOnce() {
        var told = Told<EnrolScreen>()
        #expect(told.tell(.opened(text: "q"), .cancelPressed) == [.close])
    }

    @Test func cancelWithTheCodeShownAbortsFirst() {
        var told = Told<EnrolScreen>()
        told.tell(.opened(text: "q"), .verified(code: "123456", serviceName: "S", domain: nil))
        #expect(told.tell(.cancelPressed) == [.abort])
        #expect(told.tell(.cancelPressed).isEmpty)
        #expect(told.tell(.failedWith(.enrolmentEnded)).isEmpty)
        #expect(told.state == .code(code: "123456", serviceName: "S", domain: nil, cancelling: true))
        #expect(told.tell(.aborted) == [.close])
    }

    @Test func anAccountThatCameBeforeTheCancelStays() {
        var told = Told<EnrolScreen>()
        told.tell(.opened(text: "q"), .verified(code: "123456", serviceName: "S", domain: nil), .cancelPressed)
        told.tell(.finished(account))
        #expect(told.tell(.aborted).isEmpty)
        #expect(told.state == .added(account))
    }

    @Test func theCheckCodeIsInNoDescription() {
        let state = EnrolState.code(code: "123456", serviceName: "S", domain: nil)
        #expect(!"\(state)".contains("123456"))
        #expect(!String(reflecting: state).contains("123456"))
        var scan = ScanState()
        scan.text = "nod:1/e?secret"
        scan.seen = "nod:1/e?secret"
        #expect(!"\(scan)".contains("secret"))
    }
}
