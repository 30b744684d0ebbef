// tests/vectors/*.json, replayed through the bindings.

import Foundation
import NodCore
import NodKit
import Testing

@Suite struct VectorTests {
    /// A file of tests/vectors.
    private func vectors(_ name: String) throws -> [String: Any] {
        var root = URL(fileURLWithPath: #filePath)
        // The folders of this file, of the tests, of the package and of the app.
        for _ in 0..<5 { root.deleteLastPathComponent() }
        let data = try Data(contentsOf: root.appendingPathComponent("tests/vectors/\(name).json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func checkCodesAreThoseOfTheVectors() throws {
        let cases = try #require(try vectors("check_code")["cases"] as? [[String: String]])
        #expect(!cases.isEmpty)
        for one in cases {
            let (secret, e1, e2) = (one["secret"] ?? "", one["e1"] ?? "", one["e2"] ?? "")
            #expect(CoreVectors.checkCode(secret: secret, e1: e1, e2: e2) == one["code"])
        }
        #expect(CoreVectors.checkCode(secret: "short", e1: "", e2: "") == nil)
    }

    @Test func qrCodesAreReadOrRefused() throws {
        let all = try vectors("qr")
        let valid = try #require(all["valid"] as? [[String: Any]])
        let invalid = try #require(all["invalid"] as? [String])
        #expect(!valid.isEmpty && !invalid.isEmpty)
        for one in valid {
            let text = try #require(one["text"] as? String)
            let relay = try #require(one["relay"] as? String)
            let scanned = try CoreVectors.scan(text)
            #expect(scanned == (text.hasPrefix("nod:1/e") ? .enrolment(relay: relay) : .move(relay: relay)))
        }
        for text in invalid {
            #expect(throws: PhoneError.self) { try CoreVectors.scan(text) }
        }
    }

    @Test func signaturesVerifyOrAreRefused() throws {
        let all = try vectors("jws")
        let key = try #require(all["approve_key"] as? [String: String])
        let (x, y) = (key["x"] ?? "", key["y"] ?? "")
        let invalid = try #require(all["invalid"] as? [[String: String]])
        let valid = try #require(all["valid"] as? [[String: Any]])
        #expect(!invalid.isEmpty)
        for one in invalid {
            #expect(
                !CoreVectors.answerVerifies(compact: one["compact"] ?? "", x: x, y: y), "\(one["name"] ?? "unnamed")")
        }
        let answers = valid.filter { $0["typ"] as? String == "nod-answer+jwt" }
        #expect(!answers.isEmpty)
        for one in answers {
            let signer = try #require(one["key"] as? [String: String])
            let compact = try #require(one["compact"] as? String)
            #expect(CoreVectors.answerVerifies(compact: compact, x: signer["x"] ?? "", y: signer["y"] ?? ""))
            #expect(!CoreVectors.answerVerifies(compact: compact + "A", x: signer["x"] ?? "", y: signer["y"] ?? ""))
        }
    }

    @Test func sealedMessagesOpenOrAreRefused() throws {
        let all = try vectors("jwe")
        let valid = try #require(all["valid"] as? [[String: String]])
        let invalid = try #require(all["invalid"] as? [[String: String]])
        #expect(!valid.isEmpty && !invalid.isEmpty)
        let key = try #require(all["private_key"] as? String)
        for one in valid {
            #expect(CoreVectors.opens(compact: one["compact"] ?? "", privateKey: key) == one["plaintext"])
        }
        for one in invalid {
            #expect(
                CoreVectors.opens(compact: one["compact"] ?? "", privateKey: key) == nil, "\(one["name"] ?? "unnamed")")
        }
    }
}
