// The rules of the root (docs/screens.md, "Root").

import Testing

@testable import NodKit

@Suite struct RootScreenTests {
    private func started(
        accounts: Int = 1, codes: Int = 0, lockOn: Bool = false, move: Move? = nil, pending: [String] = []
    ) -> Told<RootScreen> {
        var told = Told<RootScreen>()
        told.tell(.started(accounts: accounts, codes: codes, lockOn: lockOn, move: move, pending: pending))
        return told
    }

    @Test func withNothingOnThePhoneItWelcomes() {
        #expect(started(accounts: 0).state.stack == [.welcome])
        #expect(started(accounts: 0, codes: 1).state.stack == [.home])
        var told = started(accounts: 0)
        told.tell(.open(.scan()), .open(.enrol(text: "q")), .accountsChanged(count: 1))
        #expect(told.state.stack == [.home, .enrol(text: "q")])
        told.tell(.accountsChanged(count: 0))
        #expect(told.state.stack.first == .welcome)
    }

    @Test func itConnectsWhenItStartsAndWhenItComesBack() {
        #expect(started().effects == [.connect])
        var told = started()
        #expect(told.tell(.wentToBackground(now: 10)) == [.disconnect])
        #expect(told.tell(.cameToForeground(now: 11)) == [.connect, .loadPending])
    }

    @Test func aChallengeIsAboveEverything() {
        var told = started(lockOn: true)
        told.tell(.phone(.challenge(id: "c1")))
        #expect(told.state.challenge == "c1")
        #expect(told.state.locked, "the lock stays below it")
        told.tell(.phone(.challenge(id: "c2")))
        #expect(told.state.challenge == "c1", "one is answered before the next is shown")
        told.tell(.challengeClosed(next: "c2"))
        #expect(told.state.challenge == "c2")
        told.tell(.challengeClosed(next: nil))
        #expect(told.state.challenge == nil)
    }

    @Test func whatWaitedAtTheStartIsShown() {
        #expect(started(pending: ["c1", "c2"]).state.challenge == "c1")
        var told = started()
        #expect(told.tell(.phone(.missed)) == [.count, .loadPending])
        told.tell(.pendingKnown(["c3"]))
        #expect(told.state.challenge == "c3")
    }

    @Test func aMoveThatIsUnderWayIsShownAgain() {
        #expect(started(move: move(.moving)).state.stack == [.home, .moveOld])
        #expect(started(move: move(.moving, side: .new)).state.stack == [.home, .moveNew(text: "")])
        #expect(started(move: move(.done)).state.stack == [.home])
    }

    @Test func aLinkOnlyAsks() {
        var told = started()
        told.tell(.linkOpened(text: "nod:1/e?…"))
        #expect(told.state.stack == [.home, .confirm(text: "nod:1/e?…")])
        #expect(told.state.challenge == nil)
        #expect(told.effects.isEmpty)
    }

    @Test func aLinkWaitsForTheLockAndForTheStart() {
        var told = started(lockOn: true)
        told.tell(.linkOpened(text: "x"))
        #expect(told.state.stack == [.home])
        told.tell(.unlocked)
        #expect(told.state.stack == [.home, .confirm(text: "x")])
        #expect(told.state.link == nil)
        var early = Told<RootScreen>()
        early.tell(.linkOpened(text: "y"))
        #expect(early.state.stack.isEmpty)
        early.tell(.started(accounts: 1, codes: 0, lockOn: false, move: nil, pending: []))
        #expect(early.state.stack == [.home, .confirm(text: "y")])
    }

    @Test func theLockComesBackAfterHalfAMinuteAway() {
        var told = started(lockOn: true)
        #expect(told.state.locked)
        told.tell(.unlocked, .wentToBackground(now: 100), .cameToForeground(now: 130))
        #expect(!told.state.locked)
        told.tell(.wentToBackground(now: 200), .cameToForeground(now: 230.1))
        #expect(told.state.locked)
        var open = started()
        open.tell(.wentToBackground(now: 100), .cameToForeground(now: 1000))
        #expect(!open.state.locked, "only where the user wants it")
        open.tell(.lockChanged(on: true), .wentToBackground(now: 2000), .cameToForeground(now: 2031))
        #expect(open.state.locked)
    }

    @Test func backLeavesTheAppAtTheBottom() {
        var told = started()
        #expect(told.tell(.back) == [.leave])
        told.tell(.open(.settings))
        told.tell(.back)
        #expect(told.state.stack == [.home])
    }

    @Test func backIsTheScreensOwnCancelWhereSomethingIsUnderWay() {
        for route in [Route.enrol(text: "q"), .moveOld, .moveNew(text: "q")] {
            var told = started()
            told.tell(.open(route))
            #expect(told.tell(.back) == [.cancel(route)])
            #expect(told.state.stack.last == route)
        }
    }

    @Test func backNeitherAnswersAChallengeNorOpensTheLock() {
        var told = started(pending: ["c1"])
        #expect(told.tell(.open(.history), .back) == [.leave])
        #expect(told.state.challenge == "c1")
        var locked = started(lockOn: true)
        #expect(locked.tell(.open(.history), .back) == [.leave])
        #expect(locked.state.locked)
    }

    @Test func whatTheScannerLedToTakesItsPlace() {
        var told = started()
        told.tell(.open(.scan()), .open(.enrol(text: "q")), .closed)
        #expect(told.state.stack == [.home])
        #expect(told.effects == [.count])
    }

    @Test func noScannedTextIsInADescription() {
        var told = started()
        told.tell(.open(.enrol(text: "secret")), .open(.moveNew(text: "secret")), .open(.confirm(text: "secret")))
        #expect(!"\(told.state)".contains("secret"))
    }
}
