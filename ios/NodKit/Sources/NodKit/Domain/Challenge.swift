// Challenges: what waits for the user, and how it ended.

/// What a challenge is about, as the service signed it. Any part may be missing.
public struct Context: Equatable, Sendable {
    public var application: String?
    /// The domain that the user is signing in to.
    public var domain: String?
    /// The address that asks.
    public var address: String?
    /// The place as the login server knows it.
    public var place: String?
    /// The browser or device that asks.
    public var device: String?
    public var detail: String?

    public init(
        application: String? = nil, domain: String? = nil, address: String? = nil, place: String? = nil,
        device: String? = nil, detail: String? = nil
    ) {
        self.application = application
        self.domain = domain
        self.address = address
        self.place = place
        self.device = device
        self.detail = detail
    }
}

/// One verified challenge that waits for the user.
public struct Pending: Equatable, Sendable, Identifiable {
    public var id: String
    /// The account that is asked.
    public var account: String
    /// The service's pinned name; nothing in a challenge can change it.
    public var serviceName: String
    /// The service's pinned, verified domain.
    public var serviceDomain: String?
    /// What the user calls the account.
    public var label: String
    public var context: Context
    /// How many digits the user copies from the login page: 0, 2 or 6.
    public var digits: Int
    /// The whole time that the user has, in seconds.
    public var windowS: Double
    /// How much of it is left, in seconds.
    public var secondsLeft: Double

    public init(
        id: String, account: String, serviceName: String, serviceDomain: String?, label: String, context: Context,
        digits: Int, windowS: Double, secondsLeft: Double
    ) {
        self.id = id
        self.account = account
        self.serviceName = serviceName
        self.serviceDomain = serviceDomain
        self.label = label
        self.context = context
        self.digits = digits
        self.windowS = windowS
        self.secondsLeft = secondsLeft
    }
}

/// What became of an answer, by the login server's signed word.
public enum AnswerOutcome: Equatable, Sendable, CaseIterable {
    case approved
    case denied
    case reported
    /// The number was wrong: the challenge ended as denied.
    case wrongNumber
    case expired
    /// A newer challenge or a cancellation had ended it.
    case superseded
    /// Another answer had decided it.
    case conflict
    /// The account is suspended, revoked or moved.
    case refused
}

/// How a challenge ended, as far as this phone knows.
public enum ChallengeEnd: Equatable, Sendable {
    /// Answered here, with the login server's word.
    case answered(outcome: AnswerOutcome)
    /// Approved here; the login server's word has not come.
    case approvedUnconfirmed
    case deniedUnconfirmed
    case reportedUnconfirmed
    /// A newer challenge replaced it.
    case superseded
    /// The login server withdrew it.
    case cancelled
    /// It was answered on another phone.
    case answeredElsewhere
    case expired
}

/// One past challenge.
public struct HistoryEntry: Equatable, Sendable, Identifiable {
    public var id: String
    public var account: String
    public var serviceName: String
    /// What the user called the account then.
    public var label: String
    public var context: Context
    public var end: ChallengeEnd
    /// When it ended, in milliseconds since 1970.
    public var at: UInt64

    public init(
        id: String, account: String, serviceName: String, label: String, context: Context, end: ChallengeEnd, at: UInt64
    ) {
        self.id = id
        self.account = account
        self.serviceName = serviceName
        self.label = label
        self.context = context
        self.end = end
        self.at = at
    }
}
