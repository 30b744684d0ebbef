// What is said and shown: errors, days, digits, links, names of notifications.

import Foundation
import NodKit

private let errors: [PhoneError] = [
    .notFound, .malformed(argument: "x"), .unknownText, .damagedText, .newerText, .plainRelay, .unusableCode(detail: "x"),
    .userNotVerified, .keyUnusable, .keyStoreUnavailable, .expired, .alreadyAnswered, .numberLength(digits: 2), .unconfirmed,
    .noAnswer, .usedUp, .relayRefused, .replaced, .wrongService, .knownAccount, .enrolmentEnded, .nothingToMove, .noRelay,
    .busy, .notSixDigits, .wrongCode, .secondPhone, .otherPhoneLeft, .otherPhoneBroken, .knownCode, .tooMany, .counterEnd,
    .badName, .emptyPassphrase, .wrongPassphrase, .notABackup, .damaged, .newerVersion, .storage,
]

func wordTests() {
    Tests.test("every error is said in every language, whole") {
        for language in Language.allCases {
            let words = Words.of(language)
            for error in errors {
                let said = [
                    words.text(of: error), words.enrolment(failed: error), words.moveOld(failed: error),
                    words.moveNew(failed: error),
                ]
                for text in said { try expect(text.isEmpty || text.contains("{"), false) }
                if language != .en { try expect(said[0] == Words.of(.en).text(of: error), false) }
            }
        }
    }
    Tests.test("what came of adding codes is said a sentence at a time") {
        let words = Words.of(.en)
        try expect(words.added(AddedCodes(added: 2, known: 0, skipped: 0)).count, 1)
        try expect(words.added(AddedCodes(added: 0, known: 1, skipped: 0)).count, 1)
        try expect(words.added(AddedCodes(added: 0, known: 0, skipped: 0)).count, 1)
        try expect(words.added(AddedCodes(added: 1, known: 2, skipped: 3, part: 1, parts: 2)).count, 4)
    }
    Tests.test("days are told in the language of the app") {
        let now: UInt64 = 1_790_000_000_000
        let day: UInt64 = 86_400_000
        let swedish = Moments(Words.of(.sv), now: now)
        try expect(swedish.day(now), Words.of(.sv).text(.historyToday))
        try expect(swedish.day(now - day), Words.of(.sv).text(.historyYesterday))
        try expect(swedish.day(now - 40 * day).contains("augusti"), true)
        try expect(Moments(Words.of(.en), now: now).day(now - 40 * day).contains("August"), true)
    }
    Tests.test("digits are shown in two groups, and read one by one") {
        try expect(grouped("123456"), "123\u{2009}456")
        try expect(grouped("12345678"), "1234\u{2009}5678")
        try expect(grouped("47"), "47")
        try expect(spelt("047"), "0 4 7")
    }
    Tests.test("only links of the app are taken, and none longer than a QR code") {
        func taken(_ text: String) throws -> Bool {
            guard let url = URL(string: text) else { throw Mismatch(description: "\(text) is no URL") }
            return Links.isKnown(url)
        }
        try expect(try taken("nod:1/e?h=relay.example"), true)
        try expect(try taken("NOD:1/e?h=relay.example"), true)
        try expect(try taken("otpauth://totp/a?secret=AAAA"), true)
        try expect(try taken("https://relay.example/nod:1/e"), false)
        try expect(try taken("nod:" + String(repeating: "a", count: 5000)), false)
    }
    Tests.test("the name of a notification is the one of its challenge") {
        try expect(NotificationNames.challenge(ofRequest: NotificationNames.request("abc")), "abc")
        try expect(NotificationNames.challenge(ofRequest: "0B6E-a push"), nil)
    }
}
