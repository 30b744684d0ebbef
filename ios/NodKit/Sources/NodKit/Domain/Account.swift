// Accounts and relays, as screens show them.

/// One account of the user at one service.
public struct Account: Equatable, Sendable, Identifiable {
    public var id: String
    /// The service's name as it was pinned when the account was added.
    public var serviceName: String
    /// The service's verified domain as it was pinned then.
    public var domain: String?
    /// What the user calls the account.
    public var label: String
    /// The relay that carries its challenges, `host[:port]`.
    public var relay: String
    /// Whether the service verifies answers itself; otherwise the relay does.
    public var verifiesItself: Bool
    /// The thumbprint of the key under which the service asks to verify answers itself, where it asks.
    public var asksToVerifyItself: String?
    /// When it was added, in milliseconds since 1970.
    public var created: UInt64

    public init(
        id: String, serviceName: String, domain: String?, label: String, relay: String, verifiesItself: Bool,
        asksToVerifyItself: String?, created: UInt64
    ) {
        self.id = id
        self.serviceName = serviceName
        self.domain = domain
        self.label = label
        self.relay = relay
        self.verifiesItself = verifiesItself
        self.asksToVerifyItself = asksToVerifyItself
        self.created = created
    }
}

/// How the connection to one relay stands.
public struct Relay: Equatable, Sendable {
    /// The relay, `host[:port]`.
    public var relay: String
    public var online: Bool
    /// Seconds until the next attempt, while it waits.
    public var retryInS: Double?
    /// Whether another copy of this phone took over.
    public var replaced: Bool

    public init(relay: String, online: Bool, retryInS: Double?, replaced: Bool) {
        self.relay = relay
        self.online = online
        self.retryInS = retryInS
        self.replaced = replaced
    }
}

/// What a scanned or pasted text would do. Nothing has been done yet.
public enum Scanned: Equatable, Sendable {
    /// An account is offered; `relay` carries it.
    case enrolment(relay: String)
    /// Another phone offers its accounts; the phones meet at `relay`.
    case move(relay: String)
    /// One one-time code. Issuer or account may be empty.
    case code(issuer: String, account: String)
    /// One-time codes of another app's export: QR code `part` of `parts`, counted from 1.
    case export(codes: Int, part: Int, parts: Int)
}
