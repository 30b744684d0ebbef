// The steps that tests/vectors/*.json are about, so that a test can replay them on the machine that it runs on.

import NodFFI
import NodKit

public enum CoreVectors {
    /// What a text is, without a phone (`qr.json`).
    public static func scan(_ text: String) throws(PhoneError) -> Scanned {
        do {
            return try NodFFI.scan(text: text).lifted
        } catch {
            throw PhoneError(lifting: error)
        }
    }

    /// The six digits of an enrolment (`check_code.json`); none when a text is malformed.
    public static func checkCode(secret: String, e1: String, e2: String) -> String? {
        vectorCheckCode(secret: secret, e1: e1, e2: e2)
    }

    /// Whether a compact JWS is an answer by the key with these coordinates (`jws.json`).
    public static func answerVerifies(compact: String, x: String, y: String) -> Bool {
        vectorAnswerVerifies(compact: compact, x: x, y: y)
    }

    /// What a compact JWE holds for the key with this scalar (`jwe.json`); none when it is refused.
    public static func opens(compact: String, privateKey: String) -> String? {
        vectorOpens(compact: compact, privateKey: privateKey)
    }
}
