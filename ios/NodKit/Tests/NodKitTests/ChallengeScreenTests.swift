// The rules of the challenge (docs/screens.md, "Challenge").

import Testing

@testable import NodKit

@Suite struct ChallengeScreenTests {
    /// A challenge that was shown at 100 s, whose buttons take a press.
    private func shown(_ asked: Pending = pending(), others: Int = 0) -> Told<ChallengeScreen> {
        var told = Told<ChallengeScreen>()
        told.tell(.shown(asked, now: 100, others: others), .tick(now: 100.5))
        return told
    }

    @Test func noButtonTakesAPressForTheFirstHalfSecond() {
        var told = Told<ChallengeScreen>()
        told.tell(.shown(pending(digits: 0), now: 100, others: 0), .tick(now: 100.4))
        #expect(told.tell(.approvePressed).isEmpty)
        #expect(told.tell(.denyPressed).isEmpty)
        #expect(told.tell(.reportPressed).isEmpty)
        #expect(told.tell(.tick(now: 100.5), .denyPressed) == [.deny(id: "c1")])
    }

    @Test func approveIsOffUntilAllDigitsAreThere() {
        var told = shown()
        told.tell(.digitsTyped("4"))
        #expect(!told.state.canApprove)
        #expect(told.tell(.approvePressed).isEmpty)
        told.tell(.digitsTyped("42"))
        #expect(told.tell(.approvePressed) == [.approve(id: "c1", number: "42")])
        #expect(told.state.phase == .sending(.approve))
    }

    @Test func theFieldTakesDigitsOnlyAndNoMoreThanAreAskedFor() {
        var told = shown()
        told.tell(.digitsTyped("4a 2٣9"))
        #expect(told.state.typed == "42")
        told = shown(pending(digits: 6))
        told.tell(.digitsTyped("12345678"))
        #expect(told.state.typed == "123456")
    }

    @Test func aTapNeedsNoNumber() {
        var told = shown(pending(digits: 0))
        #expect(told.state.canApprove)
        #expect(told.tell(.approvePressed) == [.approve(id: "c1", number: nil)])
    }

    @Test func nothingIsSentTwice() {
        var told = shown()
        told.tell(.digitsTyped("42"), .approvePressed)
        #expect(told.tell(.approvePressed).isEmpty)
        #expect(told.tell(.denyPressed).isEmpty)
        #expect(told.tell(.reportPressed).isEmpty)
        #expect(told.tell(.digitsTyped("43")).isEmpty)
        #expect(told.state.typed == "42")
    }

    @Test func atNoughtItHasExpiredWhateverIsPressed() {
        var told = shown()
        told.tell(.digitsTyped("42"), .tick(now: 120))
        #expect(told.state.phase == .ended(.expired))
        #expect(told.tell(.approvePressed).isEmpty)
        #expect(told.tell(.denyPressed).isEmpty)
    }

    @Test func timeDoesNotEndAnAnswerThatIsOnItsWay() {
        var told = shown()
        told.tell(.digitsTyped("42"), .approvePressed, .tick(now: 130), .gone(id: "c1", .expired))
        #expect(told.state.phase == .sending(.approve))
        told.tell(.answered(.approved))
        #expect(told.state.phase == .ended(.answered(outcome: .approved)))
    }

    @Test func theRingRunsFromFullToEmpty() {
        var told = shown()
        #expect(told.state.secondsLeft == 20)
        #expect(abs(told.state.left - 19.5 / 25) < 1e-9)
        #expect(!told.state.isSoonOver)
        told.tell(.tick(now: 110))
        #expect(told.state.secondsLeft == 10)
        #expect(told.state.isSoonOver)
        told.tell(.tick(now: 121))
        #expect(told.state.left == 0)
        #expect(told.state.secondsLeft == 0)
    }

    @Test(arguments: [PhoneError.userNotVerified, .keyStoreUnavailable, .numberLength(digits: 2), .storage])
    func someFailuresLeaveItOpen(_ error: PhoneError) {
        var told = shown()
        told.tell(.digitsTyped("42"), .approvePressed, .answerFailed(error))
        #expect(told.state.phase == .asking)
        #expect(told.state.error == error)
        #expect(told.state.canApprove)
    }

    @Test func anOpenFailureAfterItsTimeHasExpired() {
        var told = shown()
        told.tell(.digitsTyped("42"), .approvePressed, .tick(now: 125), .answerFailed(.userNotVerified))
        #expect(told.state.phase == .ended(.expired))
    }

    @Test func aKeyThatCannotBeUsedKeepsDenyAndReport() {
        var told = shown()
        told.tell(.digitsTyped("42"), .approvePressed, .answerFailed(.keyUnusable), .digitsTyped("43"))
        #expect(told.state.error == .keyUnusable)
        #expect(!told.state.canApprove)
        #expect(told.tell(.approvePressed).isEmpty)
        #expect(told.tell(.denyPressed) == [.deny(id: "c1")])
    }

    @Test func whatWasSignedAndNotConfirmedMayCount() {
        for error in [PhoneError.unconfirmed, .noAnswer, .relayRefused, .replaced, .usedUp] {
            var told = shown()
            told.tell(.digitsTyped("42"), .approvePressed, .answerFailed(error))
            #expect(told.state.phase == .ended(.approvedUnconfirmed))
        }
        var denied = shown()
        denied.tell(.denyPressed, .answerFailed(.unconfirmed))
        #expect(denied.state.phase == .ended(.deniedUnconfirmed))
        var reported = shown()
        reported.tell(.reportPressed, .answerFailed(.unconfirmed))
        #expect(reported.state.phase == .ended(.reportedUnconfirmed))
    }

    @Test func whatEndedElsewhereSaysHow() {
        for end in [ChallengeEnd.superseded, .cancelled, .answeredElsewhere, .expired] {
            var told = shown()
            told.tell(.gone(id: "c1", end))
            #expect(told.state.phase == .ended(end))
        }
        var told = shown()
        told.tell(.digitsTyped("42"), .approvePressed, .answerFailed(.notFound))
        #expect(told.state.phase == .ended(.superseded))
    }

    @Test func theEndOfAnotherOneIsNotItsEnd() {
        var told = shown(others: 1)
        #expect(told.tell(.gone(id: "c2", .expired)) == [.countOthers(than: "c1")])
        #expect(told.state.phase == .asking)
    }

    @Test func doneShowsTheNextOrCloses() {
        var told = shown(others: 1)
        #expect(told.tell(.donePressed).isEmpty, "a question is not done with")
        told.tell(.gone(id: "c1", .cancelled))
        #expect(told.tell(.donePressed) == [.showNext(after: "c1")])
        #expect(told.tell(.othersKnown(count: 0), .donePressed) == [.close])
    }

    @Test func anEndIsNotOverwritten() {
        var told = shown()
        told.tell(.gone(id: "c1", .cancelled), .answered(.approved), .answerFailed(.unconfirmed), .tick(now: 200))
        #expect(told.state.phase == .ended(.cancelled))
        #expect(told.state.typed.isEmpty)
    }

    @Test func aWebSiteThatIsNotTheDomainNorBelowItIsNamed() {
        #expect(shown(pending(site: "fjordbanken.example")).state.otherSite == nil)
        #expect(shown(pending(site: "Login.Fjordbanken.example.")).state.otherSite == nil)
        #expect(shown(pending(site: "fjordbanken.example.evil.org")).state.otherSite == "fjordbanken.example.evil.org")
        #expect(shown(pending(site: "notfjordbanken.example")).state.otherSite == "notfjordbanken.example")
        #expect(shown(pending(site: nil)).state.otherSite == nil)
        #expect(shown(pending(site: "a.example", domain: nil)).state.otherSite == nil)
    }

    @Test func theNumberIsInNoDescription() {
        var told = shown()
        told.tell(.digitsTyped("42"))
        #expect(!"\(told.state)".contains("42"))
        #expect(!String(reflecting: told.state).contains("42"))
    }
}
