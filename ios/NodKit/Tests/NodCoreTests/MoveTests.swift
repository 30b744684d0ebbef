// Moving from phone to phone through the models of both, against the real core and a real relay.

import NodCore
import NodKit
import Testing

@Suite(.timeLimit(.minutes(1)))
@MainActor
struct MoveTests {
    private let platform = Platform()

    /// Two phones and their screens; the old one has an account and a one-time code.
    @MainActor
    private struct Scene {
        let login: LoginServer
        let old: TestPhone
        let new: TestPhone
        let account: Account
        let giving: ScreenModel<MoveOldScreen>
        let taking: ScreenModel<MoveNewScreen>

        static func made(_ platform: Platform) async throws -> Scene {
            let login = try await LoginServer.start()
            let (old, new) = (try await TestPhone.open("Old iPhone"), try await TestPhone.open("New iPhone"))
            let account = try await old.enrolled(at: login)
            _ = try await old.core.addCodes(text: "otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP")
            return Scene(
                login: login, old: old, new: new, account: account,
                giving: ScreenModel(MoveOldScreen.self, in: world(old.core, platform)),
                taking: ScreenModel(MoveNewScreen.self, in: world(new.core, platform)))
        }

        /// The QR code is shown and scanned; gives the code that the new phone shows.
        func met() async throws -> String {
            giving.send(.shown)
            try await giving.until { $0 == .warning(accounts: 1, codes: 1) }
            giving.send(.startPressed)
            let qr = try await giving.value { if case .qr(let text, _, _) = $0 { text } else { nil } }
            taking.send(.opened(text: qr))
            let code = try await taking.value { if case .codeShown(let code, _) = $0 { code } else { nil } }
            try await giving.until { if case .code(let code) = $0 { code.otherPhone == "New iPhone" } else { false } }
            return code
        }
    }

    @Test func everythingMovesAndOnlyTheNewPhoneApproves() async throws {
        let scene = try await Scene.made(platform)
        let code = try await scene.met()
        scene.giving.send(.digitsTyped(code))
        scene.giving.send(.confirmPressed)
        let given = try await scene.giving.value { if case .ended(let ending) = $0 { ending.move } else { nil } }
        #expect(given.stage == .done)
        #expect(given.accounts.map(\.state) == [.moved])
        let taken = try await scene.taking.value { if case .ended(let move) = $0 { move } else { nil } }
        #expect(taken.accounts.map(\.state) == [.moved])
        #expect(taken.otherPhone == "Old iPhone")
        #expect(try await scene.old.core.accounts().isEmpty)
        #expect(try await scene.new.core.accounts().map(\.id) == [scene.account.id])
        #expect(try await scene.new.core.codes().count == 1)
        #expect(scene.old.keys.prompts == [.enrol, .offerMove, .moveAway(service: "Fjordbanken")])
        #expect(scene.new.keys.prompts.contains(.takeOver(service: "Fjordbanken")))

        let push = try await scene.login.push("alice")
        _ = try await scene.new.core.waitPending(seconds: 20)
        #expect(try await scene.new.core.approve(challenge: push.id, number: push.number) == .approved)
        try await push.page.finish(with: 0)

        try await scene.giving.until { if case .ended(let ending) = $0 { ending.canDelete } else { false } }
        scene.giving.send(.deleteCodesPressed)
        try await scene.giving.until { if case .ended(let ending) = $0 { ending.deleted == 1 } else { false } }
        #expect(try await scene.old.core.codes().isEmpty)
    }

    @Test func aWrongCodeEndsTheMoveOnBothPhones() async throws {
        let scene = try await Scene.made(platform)
        let code = try await scene.met()
        scene.giving.send(.digitsTyped("12345"))
        scene.giving.send(.confirmPressed)
        try await scene.giving.until { if case .code(let code) = $0 { code.error == .notSixDigits } else { false } }
        scene.giving.send(.digitsTyped(code == "000000" ? "000001" : "000000"))
        scene.giving.send(.confirmPressed)
        try await scene.giving.until { $0 == .failed(.wrongCode) }
        try await scene.taking.until { $0 == .failed(.otherPhoneLeft) }
        #expect(try await scene.old.core.accounts() == [scene.account])
        #expect(try await scene.new.core.accounts().isEmpty)
        scene.giving.send(.againPressed)
        try await scene.giving.until { if case .qr = $0 { true } else { false } }
    }

    @Test func whoStopsAtAnAccountCanGoOn() async throws {
        let scene = try await Scene.made(platform)
        let code = try await scene.met()
        scene.old.keys.failNext(.userNotVerified, times: .max)
        scene.giving.send(.digitsTyped(code))
        scene.giving.send(.confirmPressed)
        try await scene.giving.until { if case .moving(_, error: .userNotVerified) = $0 { true } else { false } }
        #expect(try await scene.old.core.accounts() == [scene.account])
        scene.old.keys.agree()
        scene.giving.send(.againPressed)
        try await scene.giving.until { if case .ended(let ending) = $0 { ending.move.stage == .done } else { false } }
        #expect(try await scene.new.core.accounts().map(\.id) == [scene.account.id])
    }

    @Test func cancellingOnTheOldPhoneIsToldToTheNewOne() async throws {
        let scene = try await Scene.made(platform)
        _ = try await scene.met()
        scene.giving.send(.cancelPressed)
        #expect(try await platform.navigation() == .close)
        try await scene.taking.until { $0 == .failed(.otherPhoneLeft) }
        #expect(try await scene.old.core.accounts() == [scene.account])
    }

    @Test func aUserWhoIsNotVerifiedShowsNoQrCode() async throws {
        let scene = try await Scene.made(platform)
        scene.old.keys.failNext(.userNotVerified)
        scene.giving.send(.shown)
        try await scene.giving.until { $0 == .warning(accounts: 1, codes: 1) }
        scene.giving.send(.startPressed)
        try await scene.giving.until { $0 == .failed(.userNotVerified) }
    }

    @Test func aPhotographedQrCodeEndsTheMove() async throws {
        let scene = try await Scene.made(platform)
        scene.giving.send(.shown)
        try await scene.giving.until { $0 == .warning(accounts: 1, codes: 1) }
        scene.giving.send(.startPressed)
        let qr = try await scene.giving.value { if case .qr(let text, _, _) = $0 { text } else { nil } }
        scene.taking.send(.opened(text: qr))
        _ = try await scene.taking.value { if case .codeShown(let code, _) = $0 { code } else { nil } }
        let thief = try await TestPhone.open("Somebody’s phone")
        let stealing = ScreenModel(MoveNewScreen.self, in: world(thief.core, platform))
        stealing.send(.opened(text: qr))
        try await stealing.until { if case .failed = $0 { true } else { false } }
        try await scene.giving.until { $0 == .failed(.secondPhone) }
        #expect(try await thief.core.accounts().isEmpty)
        #expect(try await scene.old.core.accounts() == [scene.account])
    }

    @Test func thereAndBackAgain() async throws {
        let scene = try await Scene.made(platform)
        let code = try await scene.met()
        scene.giving.send(.digitsTyped(code))
        scene.giving.send(.confirmPressed)
        try await scene.giving.until { if case .ended = $0 { true } else { false } }
        try await scene.taking.until { if case .ended = $0 { true } else { false } }

        let offer = try await scene.new.core.offerMove(relay: nil)
        async let joining = scene.old.core.joinMove(qr: offer.qr)
        _ = try await scene.new.core.waitJoined()
        let joined = try await joining
        guard case .codeShown(let back) = joined.stage else {
            Issue.record("no code is shown")
            return
        }
        try await scene.new.core.confirmMove(code: back)
        async let gone = scene.new.core.finishMove(seconds: 30)
        async let come = scene.old.core.finishMove(seconds: 30)
        #expect(try await gone.stage == .done)
        #expect(try await come.stage == .done)
        #expect(try await scene.old.core.accounts().map(\.id) == [scene.account.id])
        #expect(try await scene.new.core.accounts().isEmpty)
    }
}
