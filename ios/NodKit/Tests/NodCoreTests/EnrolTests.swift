// Adding and removing accounts through the models, against the real core and a real relay.

import NodCore
import NodKit
import Testing

@Suite(.timeLimit(.minutes(1)))
@MainActor
struct EnrolTests {
    private let platform = Platform()

    /// A model of the enrolment screen that was opened with a fresh QR code.
    private func opened(_ phone: TestPhone, _ login: LoginServer) async throws -> (ScreenModel<EnrolScreen>, String) {
        let offer = try await login.offerEnrolment(of: "alice")
        let model = ScreenModel(EnrolScreen.self, in: world(phone.core, platform))
        model.send(.opened(text: offer.qr))
        return (model, offer.id)
    }

    private func code(_ model: ScreenModel<EnrolScreen>) async throws -> String {
        try await model.value { if case .code(let code, _, _, _) = $0 { code } else { nil } }
    }

    @Test func theCheckCodeAddsTheAccount() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        let (model, id) = try await opened(phone, login)
        let code = try await code(model)
        #expect(model.state == .code(code: code, serviceName: "Fjordbanken", domain: "fjordbanken.example"))
        #expect(code.count == 6)
        try await login.login("confirm", id, code).finish(with: 0)
        let account = try await model.value { if case .added(let account) = $0 { account } else { nil } }
        #expect(account.serviceName == "Fjordbanken")
        #expect(try await phone.core.accounts() == [account])
        #expect(phone.keys.prompts == [.enrol])
    }

    @Test func threeWrongCodesEndIt() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        let (model, id) = try await opened(phone, login)
        let wrong = try await code(model) == "000000" ? "000001" : "000000"
        for _ in 0..<3 { _ = try await login.login("confirm", id, wrong).finish() }
        try await model.until { $0 == .failed(.enrolmentEnded) }
        #expect(try await phone.core.accounts().isEmpty)
    }

    @Test func cancellingWithTheCodeShownEndsItOnThisPhone() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        let (model, id) = try await opened(phone, login)
        let code = try await code(model)
        model.send(.cancelPressed)
        #expect(try await platform.navigation() == .close)
        _ = try await login.login("confirm", id, code).finish()
        #expect(try await phone.core.accounts().isEmpty)
        #expect(
            model.state
                == .code(code: code, serviceName: "Fjordbanken", domain: "fjordbanken.example", cancelling: true))
    }

    @Test func aUserWhoIsNotVerifiedAddsNothing() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        phone.keys.failNext(.userNotVerified)
        let (model, _) = try await opened(phone, login)
        try await model.until { $0 == .failed(.userNotVerified) }
    }

    @Test func aQrCodeThatWasUsedIsNoGoodToAnotherPhone() async throws {
        let login = try await LoginServer.start()
        let (phone, thief) = (try await TestPhone.open(), try await TestPhone.open("Somebody’s phone"))
        let offer = try await login.offerEnrolment(of: "alice")
        let enrolment = try await phone.core.enrol(qr: offer.qr)
        try await login.login("confirm", offer.id, enrolment.code).finish(with: 0)
        _ = try await enrolment.finished()
        let model = ScreenModel(EnrolScreen.self, in: world(thief.core, platform))
        model.send(.opened(text: offer.qr))
        let error = try await model.value { if case .failed(let error) = $0 { error } else { nil } }
        #expect(error == .usedUp)
    }

    @Test func anAccountIsRenamedAndRemoved() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        let account = try await phone.enrolled(at: login)
        let model = ScreenModel(AccountScreen.self, in: world(phone.core, platform))
        model.send(.opened(id: account.id))
        try await model.until { $0.account == account && $0.label == account.label }
        model.send(.labelChanged("  Work "))
        model.send(.savePressed)
        try await model.until { $0.saved }
        #expect(try await phone.core.accounts().map(\.label) == ["Work"])
        model.send(.removePressed)
        model.send(.removeConfirmed)
        #expect(try await platform.navigation() == .close)
        #expect(try await phone.core.accounts().isEmpty)
    }

    @Test func aRevokedAccountClosesItsScreen() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        let account = try await phone.enrolled(at: login)
        let model = ScreenModel(AccountScreen.self, in: world(phone.core, platform))
        model.send(.opened(id: account.id))
        try await model.until { $0.account == account }
        try await login.login("revoke", "alice", account.id).finish(with: 0)
        #expect(try await platform.navigation() == .close)
    }

    @Test func theRootFollowsTheFirstAccountAndTheFirstChallenge() async throws {
        let login = try await LoginServer.start()
        let phone = try await TestPhone.open()
        let world = world(phone.core, platform)
        let root = ScreenModel(RootScreen.self, in: world)
        await root.start(in: world)
        #expect(root.state.stack == [.welcome])
        try await phone.enrolled(at: login)
        try await root.until { $0.stack == [.home] }
        let push = try await login.push("alice")
        try await root.until { $0.challenge == push.id }
        #expect(try await phone.core.deny(challenge: push.id) == .denied)
        try await push.page.finish(with: 1)
        #expect(root.state.challenge == push.id, "its end is still to be read")
    }
}
