// The phone that other tests drive line by line (nod-swift-phone), as they drive it.

import Foundation
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DriverTests {
    /// A phone in a process of its own.
    private func phone(_ name: String, _ folder: Folder) throws -> Running {
        // It is built beside the program that runs these tests.
        let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return try Running(
            beside.appendingPathComponent("nod-swift-phone"), [folder.path(name), name],
            ["LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? ""])
    }

    @Test func itEnrolsApprovesAndMoves() async throws {
        let login = try await LoginServer.start()
        let folder = try Folder()
        let old = try phone("Old", folder)
        let offer = try await login.offerEnrolment(of: "alice")
        try old.say(#"{"do":"enrol","qr":"\#(offer.qr)"}"#)
        let code = try await old.line().text("code")
        try await login.login("confirm", offer.id, code).finish(with: 0)
        let account = try await old.line().text("account")

        let push = try await login.push("alice")
        try old.say(#"{"do":"pending"}"#)
        _ = try await old.line()
        try old.say(#"{"do":"approve","id":"\#(push.id)","number":"\#(try #require(push.number))"}"#)
        #expect(try await old.line().text("outcome") == "approved")
        try await push.page.finish(with: 0)

        let new = try phone("New", folder)
        try old.say(#"{"do":"offer"}"#)
        try new.say(#"{"do":"join","qr":"\#(try await old.line().text("qr"))"}"#)
        #expect(try await old.line().text("joined") == "New")
        try old.say(#"{"do":"confirm","code":"\#(try await new.line().text("code"))"}"#)
        #expect(try await old.line().text("stage") == "done")
        #expect(try await new.line().text("stage") == "done")
        try new.say(#"{"do":"accounts"}"#)
        let accounts = try await new.line().object["accounts"] as? [[String: Any]]
        #expect(accounts?.compactMap { $0["id"] as? String } == [account])

        try old.say(#"{"do":"approve","id":"\#(push.id)"}"#)
        #expect(try await old.line().text("error") == "alreadyAnswered")
        #expect(try await old.finish().code == 0)
        #expect(try await new.finish().code == 0)
    }
}
