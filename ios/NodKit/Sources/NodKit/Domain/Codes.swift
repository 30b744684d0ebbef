// One-time codes. Their descriptions show no code and no secret.

/// One one-time code, and what it shows now.
public struct CodeEntry: Equatable, Sendable, Identifiable {
    public var id: String
    /// Who issued it; may be empty.
    public var issuer: String
    /// The account; may be empty.
    public var account: String
    /// How many digits it shows: 6, 7 or 8.
    public var digits: Int
    /// What it shows now; none for a counter-based one, which shows its next code when asked.
    public var now: CodeNow?
    /// When it was added, in milliseconds since 1970.
    public var created: UInt64

    public init(id: String, issuer: String, account: String, digits: Int, now: CodeNow?, created: UInt64) {
        self.id = id
        self.issuer = issuer
        self.account = account
        self.digits = digits
        self.now = now
        self.created = created
    }
}

/// What a time-based code shows now.
public struct CodeNow: Equatable, Sendable {
    public var code: String
    /// The code of the next period.
    public var next: String
    /// How long `code` is the current one, in seconds.
    public var secondsLeft: Double
    /// The length of a period in seconds.
    public var periodS: Int

    public init(code: String, next: String, secondsLeft: Double, periodS: Int) {
        self.code = code
        self.next = next
        self.secondsLeft = secondsLeft
        self.periodS = periodS
    }
}

extension CodeEntry: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "CodeEntry(\(id))" }
    public var debugDescription: String { description }
}

extension CodeNow: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "CodeNow(…)" }
    public var debugDescription: String { description }
}

/// What came of adding several codes.
public struct AddedCodes: Equatable, Sendable {
    public var added: Int
    /// Codes that were there already.
    public var known: Int
    /// Codes that cannot be shown here.
    public var skipped: Int
    /// Which QR code of several this was, counted from 1; 1 of 1 otherwise.
    public var part: Int
    public var parts: Int

    public init(added: Int, known: Int, skipped: Int, part: Int = 1, parts: Int = 1) {
        self.added = added
        self.known = known
        self.skipped = skipped
        self.part = part
        self.parts = parts
    }
}

/// A one-time code that is typed by hand: time-based, with SHA-1, as nearly every service has it.
public struct TypedCode: Equatable, Sendable {
    /// Who issues it; may be empty. At most 128 characters.
    public var issuer: String
    /// The account; may be empty where there is an issuer. At most 128 characters.
    public var account: String
    /// The secret in base32: either case, spaces and padding do not matter.
    public var secret: String
    /// How many digits: 6, 7 or 8.
    public var digits: Int
    /// How long each code is the current one, in seconds.
    public var periodS: Int

    public init(issuer: String, account: String, secret: String, digits: Int = 6, periodS: Int = 30) {
        self.issuer = issuer
        self.account = account
        self.secret = secret
        self.digits = digits
        self.periodS = periodS
    }
}

extension TypedCode: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "TypedCode(…)" }
    public var debugDescription: String { description }
}
