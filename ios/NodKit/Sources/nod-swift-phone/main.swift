// A phone that a test drives: commands as JSON lines on standard input, what comes of them on standard output. Its keys
// are in memory and ask nobody.
//
//   nod-swift-phone DIRECTORY NAME
//
//   {"do":"enrol","qr":Q}                 {"code":C,"service":S}, then {"account":ID}
//   {"do":"accounts"}                     {"accounts":[{"id","service","label"}]}
//   {"do":"pending","seconds":N}          {"challenges":[{"id","service","digits"}]}
//   {"do":"approve","id":I,"number":N}    {"outcome":O}; so do deny and report
//   {"do":"add-codes","text":T}           {"added":N}
//   {"do":"codes"}                        {"codes":[{"issuer","account","code"}]}
//   {"do":"offer"}                        {"qr":Q}, then {"joined":PHONE}
//   {"do":"confirm","code":C}             {"stage":S,"moved":N,"of":N,"codes":N,"codes_arrived":B}
//   {"do":"join","qr":Q}                  {"code":C}, then as for confirm
//
// What fails prints {"error":E}, E being the name of a PhoneError.

import Foundation
import NodCore
import NodKit

func say(_ object: [String: any Sendable]) {
    guard let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]) else { return }
    FileHandle.standardOutput.write(data + Data("\n".utf8))
}

struct Command {
    let object: [String: Any]

    func text(_ name: String) -> String { object[name] as? String ?? "" }
    func optionalText(_ name: String) -> String? { object[name] as? String }
    func seconds() -> Double { (object["seconds"] as? NSNumber)?.doubleValue ?? 20 }
}

func finish(_ phone: CorePhone) async throws(PhoneError) {
    let move = try await phone.finishMove(seconds: 60)
    let moved = move.accounts.count { $0.state == .moved }
    say([
        "stage": "\(move.stage)", "moved": moved, "of": move.accounts.count, "codes": move.codes,
        "codes_arrived": move.codesArrived,
    ])
}

func run(_ command: Command, _ phone: CorePhone) async throws(PhoneError) {
    switch command.text("do") {
    case "enrol":
        let enrolment = try await phone.enrol(qr: command.text("qr"))
        say(["code": enrolment.code, "service": enrolment.serviceName])
        say(["account": try await enrolment.finished().id])
    case "accounts":
        let accounts = try await phone.accounts()
        say(["accounts": accounts.map { ["id": $0.id, "service": $0.serviceName, "label": $0.label] }])
    case "pending":
        let pending = try await phone.waitPending(seconds: command.seconds())
        say(["challenges": pending.map { ["id": $0.id, "service": $0.serviceName, "digits": "\($0.digits)"] }])
    case "approve":
        let outcome = try await phone.approve(challenge: command.text("id"), number: command.optionalText("number"))
        say(["outcome": "\(outcome)"])
    case "deny": say(["outcome": "\(try await phone.deny(challenge: command.text("id")))"])
    case "report": say(["outcome": "\(try await phone.report(challenge: command.text("id")))"])
    case "add-codes": say(["added": try await phone.addCodes(text: command.text("text")).added])
    case "codes":
        let codes = try await phone.codes()
        say(["codes": codes.map { ["issuer": $0.issuer, "account": $0.account, "code": $0.now?.code ?? ""] }])
    case "offer":
        say(["qr": try await phone.offerMove(relay: nil).qr])
        say(["joined": try await phone.waitJoined().otherPhone ?? ""])
    case "confirm":
        try await phone.confirmMove(code: command.text("code"))
        try await finish(phone)
    case "join":
        let move = try await phone.joinMove(qr: command.text("qr"))
        guard case .codeShown(let code) = move.stage else { throw .otherPhoneBroken }
        say(["code": code])
        try await finish(phone)
    default: throw .malformed(argument: "do")
    }
}

guard CommandLine.arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: nod-swift-phone DIRECTORY NAME\n".utf8))
    exit(2)
}
let settings = CoreSettings(
    vaultKey: [UInt8](repeating: 7, count: 32), deviceName: CommandLine.arguments[2], deviceModel: "Test")
let phone = try await CorePhone.open(settings, keys: MemoryKeyPort(), directory: CommandLine.arguments[1])
try await phone.connect()
while let line = readLine() {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        say(["error": "malformed"])
        continue
    }
    do throws(PhoneError) {
        try await run(Command(object: object), phone)
    } catch {
        say(["error": "\(error)"])
    }
}
await phone.disconnect()
