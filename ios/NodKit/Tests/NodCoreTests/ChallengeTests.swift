// Challenges through the models, against the real core and a real relay.

import NodCore
import NodKit
import Testing

@Suite(.timeLimit(.minutes(1)))
@MainActor
struct ChallengeTests {
    /// A login server, an enrolled phone, and the model of its challenge screen.
    private struct Scene {
        let login: LoginServer
        let phone: TestPhone
        let platform = Platform()
        let model: ScreenModel<ChallengeScreen>

        @MainActor
        static func made() async throws -> Scene {
            let login = try await LoginServer.start()
            let phone = try await TestPhone.open()
            try await phone.enrolled(at: login)
            return Scene(login: login, phone: phone)
        }

        @MainActor
        private init(login: LoginServer, phone: TestPhone) {
            (self.login, self.phone) = (login, phone)
            model = ScreenModel(ChallengeScreen.self, in: world(phone.core, platform))
        }

        /// Waits for a challenge, and shows it for so long that its buttons take a press.
        @MainActor
        func show(_ id: String) async throws {
            while !(try await phone.core.waitPending(seconds: 20)).contains(where: { $0.id == id }) {}
            model.show(id, in: world(phone.core, platform))
            let armedAt = model.state.armedAt
            model.send(.tick(now: armedAt))
        }

        /// The end that is shown.
        @MainActor
        func end() async throws -> ChallengeEnd {
            try await model.value { if case .ended(let end) = $0.phase { end } else { nil } }
        }
    }

    @Test func theRightNumberApproves() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push(
            "alice", "--application", "Mail", "--domain", "mail.fjordbanken.example", "--ip", "192.0.2.7")
        try await scene.show(push.id)
        let asked = try #require(scene.model.state.pending)
        #expect(asked.serviceName == "Fjordbanken")
        #expect(asked.serviceDomain == "fjordbanken.example")
        #expect(asked.context.application == "Mail")
        #expect(asked.context.address == "192.0.2.7")
        #expect(scene.model.state.otherSite == nil)
        #expect(!scene.model.state.canApprove)
        scene.model.send(.digitsTyped(try #require(push.number)))
        scene.model.send(.approvePressed)
        #expect(try await scene.end() == .answered(outcome: .approved))
        #expect(try await push.page.finish(with: 0).text("state") == "approved")
        #expect(scene.phone.keys.prompts.last == .approve(service: "Fjordbanken"))
        #expect(try await scene.phone.core.history().first?.end == .answered(outcome: .approved))
        scene.model.send(.donePressed)
        #expect(try await scene.platform.navigation() == .challengeClosed(next: nil))
    }

    @Test func aWrongNumberEndsIt() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        scene.model.send(.digitsTyped(push.number == "00" ? "01" : "00"))
        scene.model.send(.approvePressed)
        #expect(try await scene.end() == .answered(outcome: .wrongNumber))
        #expect(try await push.page.finish(with: 1).text("reason") == "wrong-number")
    }

    @Test func denyingAsksNobody() async throws {
        let scene = try await Scene.made()
        let prompts = scene.phone.keys.prompts.count
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        scene.model.send(.denyPressed)
        #expect(try await scene.end() == .answered(outcome: .denied))
        #expect(try await push.page.finish(with: 1).text("state") == "denied")
        #expect(scene.phone.keys.prompts.count == prompts)
    }

    @Test func aReportIsConfirmed() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        scene.model.send(.reportPressed)
        #expect(try await scene.end() == .answered(outcome: .reported))
        #expect(try await push.page.finish(with: 1).text("state") == "reported")
    }

    @Test func aUserWhoIsNotVerifiedCanTryAgain() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        scene.phone.keys.failNext(.userNotVerified)
        scene.model.send(.digitsTyped(try #require(push.number)))
        scene.model.send(.approvePressed)
        try await scene.model.until { $0.error == .userNotVerified && $0.phase == .asking }
        scene.model.send(.approvePressed)
        #expect(try await scene.end() == .answered(outcome: .approved))
        try await push.page.finish(with: 0)
    }

    @Test func aKeyThatWasMadeUnusableCanStillDeny() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        scene.phone.keys.failNext(.invalidated)
        scene.model.send(.digitsTyped(try #require(push.number)))
        scene.model.send(.approvePressed)
        try await scene.model.until { $0.error == .keyUnusable }
        #expect(!scene.model.state.canApprove)
        scene.model.send(.denyPressed)
        #expect(try await scene.end() == .answered(outcome: .denied))
        try await push.page.finish(with: 1)
    }

    @Test func aRetrySupersedes() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        let retried = try await scene.login.login("retry", push.id).finish(with: 0)
        #expect(try await scene.end() == .superseded)
        try await push.page.finish(with: 2)
        try await scene.model.until { $0.others == 1 }
        scene.model.send(.donePressed)
        let next = try retried.text("challenge_id")
        #expect(try await scene.platform.navigation() == .challengeClosed(next: next))
    }

    @Test func aCancelledOneIsGone() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        try await scene.login.login("cancel", push.id).finish(with: 0)
        #expect(try await scene.end() == .cancelled)
        try await push.page.finish(with: 2)
    }

    @Test func whatAnotherPhoneAnsweredIsGone() async throws {
        let scene = try await Scene.made()
        let other = try await TestPhone.open("Alice’s iPad")
        try await other.enrolled(at: scene.login)
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        _ = try await other.core.waitPending(seconds: 20)
        #expect(try await other.core.approve(challenge: push.id, number: push.number) == .approved)
        #expect(try await scene.end() == .answeredElsewhere)
        try await push.page.finish(with: 0)
    }

    @Test func whatNobodyAnswersExpires() async throws {
        let scene = try await Scene.made()
        try await scene.login.changeWindow(seconds: 10)
        let push = try await scene.login.push("alice")
        try await scene.show(push.id)
        let live = Task { await scene.model.live() }
        #expect(try await scene.end() == .expired)
        live.cancel()
        #expect(try await push.page.finish(with: 2).text("state") == "expired")
        #expect(try await scene.phone.core.history().first?.end == .expired)
    }

    @Test func theWaitingChallengeSurvivesARestartOfTheApp() async throws {
        let scene = try await Scene.made()
        let push = try await scene.login.push("alice")
        let again = try await scene.phone.reopened()
        let pending = try await again.core.waitPending(seconds: 20)
        #expect(pending.map(\.id) == [push.id])
        #expect(try await again.core.approve(challenge: push.id, number: push.number) == .approved)
        try await push.page.finish(with: 0)
    }
}
