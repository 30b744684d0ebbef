// An enrolment of the Rust core.

import NodFFI
import NodKit

final class CoreEnrolment: Enrolment {
    private let enrolment: NodEnrolment

    init(_ enrolment: NodEnrolment) {
        self.enrolment = enrolment
    }

    var id: String { enrolment.id() }
    var code: String { enrolment.code() }
    var serviceName: String { enrolment.serviceName() }
    var domain: String? { enrolment.domain() }

    func finished() async throws(PhoneError) -> Account {
        try await asking { try await enrolment.finished().lifted }
    }

    func abort() async throws(PhoneError) {
        try await asking { try await enrolment.abort() }
    }
}
