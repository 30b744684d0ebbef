// Adding an account: the check code.

public enum EnrolState: Equatable, Sendable {
    case contacting
    /// Six digits, to be typed on the page where the QR code was scanned. `cancelling`: the user has cancelled, and the
    /// keys are being destroyed.
    case code(code: String, serviceName: String, domain: String?, cancelling: Bool = false)
    case added(Account)
    case failed(PhoneError)
}

extension EnrolState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .contacting: "contacting"
        case .code(_, let serviceName, _, _): "code(…, \(serviceName))"
        case .added(let account): "added(\(account.id))"
        case .failed(let error): "failed(\(error))"
        }
    }

    public var debugDescription: String { description }
}

public enum EnrolEvent: Equatable, Sendable {
    case opened(text: String)
    case verified(code: String, serviceName: String, domain: String?)
    case finished(Account)
    case failedWith(PhoneError)
    /// What the user cancelled has ended.
    case aborted
    case cancelPressed
    case closePressed
}

public enum EnrolEffect: Equatable, Sendable {
    /// Makes keys, and waits until the service has proven itself.
    case enrol(text: String)
    /// Waits until the service has taken the account in.
    case waitFinished
    case abort
    case close
}

public enum EnrolScreen: Screen {
    public static let initial = EnrolState.contacting

    public static func reduce(_ state: EnrolState, _ event: EnrolEvent) -> Next<EnrolState, EnrolEffect> {
        switch (state, event) {
        case (_, .opened(let text)):
            Next(.contacting, .enrol(text: text))
        case (.contacting, .verified(let code, let serviceName, let domain)):
            Next(.code(code: code, serviceName: serviceName, domain: domain), .waitFinished)
        case (.contacting, .finished(let account)), (.code, .finished(let account)):
            Next(.added(account))
        // The end that the user asked for is no failure to tell them.
        case (.code(_, _, _, cancelling: true), .failedWith), (.code(_, _, _, cancelling: true), .cancelPressed):
            Next(state)
        case (.contacting, .failedWith(let error)), (.code, .failedWith(let error)):
            Next(.failed(error))
        case (.code(let code, let serviceName, let domain, _), .cancelPressed):
            Next(.code(code: code, serviceName: serviceName, domain: domain, cancelling: true), .abort)
        case (.code, .aborted), (_, .cancelPressed), (_, .closePressed):
            Next(state, .close)
        case (_, .verified), (_, .finished), (_, .failedWith), (_, .aborted):
            Next(state)
        }
    }

    public static func runner(in world: World) -> Runner<EnrolEffect, EnrolEvent> {
        var enrolment: (any Enrolment)?
        return { effect, tell in
            switch effect {
            case .enrol(let text):
                do throws(PhoneError) {
                    let verified = try await world.phone.enrol(qr: text)
                    enrolment = verified
                    tell(.verified(code: verified.code, serviceName: verified.serviceName, domain: verified.domain))
                } catch {
                    tell(.failedWith(error))
                }
            case .waitFinished:
                do throws(PhoneError) {
                    if let account = try await enrolment?.finished() { tell(.finished(account)) }
                } catch {
                    tell(.failedWith(error))
                }
            case .abort:
                // One that has ended meanwhile needs no end.
                try? await enrolment?.abort()
                tell(.aborted)
            case .close: world.navigate(.close)
            }
        }
    }
}
