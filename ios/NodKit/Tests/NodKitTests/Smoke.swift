import Testing
@testable import NodKit
@Test func x() { #expect(CodeNow(code: "123456", next: "1", secondsLeft: 1, periodS: 30).description == "CodeNow(…)") }
