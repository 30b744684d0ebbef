// What happens to the phone, as one ordered stream.

/// Why there is no connection to a relay.
public enum OfflineReason: Equatable, Sendable, CaseIterable {
    /// It could not be reached, or the connection broke.
    case unreachable
    /// Its certificate is not one that is trusted.
    case untrusted
    /// It is going down for a moment.
    case draining
    /// Another running copy of this phone took over.
    case replaced
    /// It does not keep to the protocol.
    case `protocol`
    /// The phone disconnected.
    case asked
}

/// Why an account is gone.
public enum AccountEnd: Equatable, Sendable, CaseIterable {
    /// Removed on this phone.
    case user
    /// Its service revoked it.
    case revoked
    /// It moved to another phone.
    case moved
}

/// One event. It says what to look at again; what there is to show is asked for.
public enum PhoneEvent: Equatable, Sendable {
    case online(relay: String)
    /// A connection ended or could not be made; `retryInS` is none when there will be no further attempt.
    case offline(relay: String, reason: OfflineReason, retryInS: Double?)
    /// A challenge waits for the user.
    case challenge(id: String)
    /// A challenge ended without an answer from this phone.
    case challengeGone(id: String, end: ChallengeEnd)
    /// The login server's word on this phone's answer.
    case decided(id: String, outcome: AnswerOutcome)
    /// An answer could not be handed over.
    case answerRefused(id: String)
    case accountAdded(id: String)
    /// An enrolment ended without an account.
    case enrolmentFailed(id: String, error: PhoneError)
    /// An account and its keys are gone.
    case accountRemoved(id: String, end: AccountEnd)
    /// Something else about an account changed.
    case accountChanged(id: String)
    /// Something of the move changed.
    case moveChanged
    /// The move is over; `error` says why, unless it is done.
    case moveEnded(error: PhoneError?)
    /// An enrolment's code can be shown.
    case enrolmentVerified(id: String)
    /// Events were missed: look at everything again.
    case missed
}
