// What the tests of the screens show.

@testable import NodKit

let account = Account(
    id: "a1", serviceName: "Fjordbanken", domain: "fjordbanken.example", label: "alice@example.org",
    relay: "relay.example", verifiesItself: false, asksToVerifyItself: nil, created: 1_700_000_000_000)

func pending(digits: Int = 2, site: String? = nil, domain: String? = "fjordbanken.example") -> Pending {
    Pending(
        id: "c1", account: "a1", serviceName: "Fjordbanken", serviceDomain: domain, label: "alice@example.org",
        context: Context(application: "Mail", domain: site), digits: digits, windowS: 25, secondsLeft: 20)
}

func move(_ stage: MoveStage, side: MoveSide = .old, codesArrived: Bool = false) -> Move {
    Move(
        id: "m1", side: side, stage: stage, otherPhone: "New iPhone",
        accounts: [MovingAccount(id: "a1", serviceName: "Fjordbanken", label: "alice", state: .announced)], codes: 3,
        codesArrived: codesArrived)
}

let timedCode = CodeEntry(
    id: "k1", issuer: "Example", account: "alice", digits: 6,
    now: CodeNow(code: "123456", next: "654321", secondsLeft: 12, periodS: 30), created: 1)
let countedCode = CodeEntry(id: "k2", issuer: "Counted", account: "bob", digits: 6, now: nil, created: 2)

/// A screen's state after some events, and what the last of them asked for.
struct Told<S: Screen> {
    var state = S.initial
    var effects: [S.Effect] = []

    @discardableResult
    mutating func tell(_ events: S.Event...) -> [S.Effect] {
        for event in events {
            let next = S.reduce(state, event)
            (state, effects) = (next.state, next.effects)
        }
        return effects
    }
}
