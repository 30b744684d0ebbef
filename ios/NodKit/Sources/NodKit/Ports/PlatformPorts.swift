// What a platform brings: keys, the vault's place, wake-ups and a log.

/// What a key may be used for, fixed when it is created.
public enum KeyKind: Equatable, Sendable, CaseIterable {
    /// Signs approvals and moves: the user is verified for each use, by hardware where there is any.
    case approve
    /// Signs denials and reports: never asks for the user, and outlives a newly enrolled fingerprint.
    case deny
    /// Agrees (ECDH) to open challenges: never asks for the user.
    case enc
    /// Signs the hello to a relay: never asks for the user.
    case channel
}

/// What an `approve` key is about to be used for, so that the prompt can say it in the user's language.
public enum PromptReason: Equatable, Sendable {
    /// None: the key does not ask.
    case silent
    /// An account is added to this phone.
    case enrol
    /// A sign-in to this service is approved.
    case approve(service: String)
    /// The QR code of a move is about to be shown.
    case offerMove
    /// The account at this service is given to the new phone.
    case moveAway(service: String)
    /// The account at this service is taken over from the old phone.
    case takeOver(service: String)
}

/// A key that was made.
public struct CreatedKey: Equatable, Sendable {
    /// The public half: the 65 bytes of an uncompressed point of P-256.
    public var publicKey: [UInt8]
    /// The platform's attestation, where it was asked for and there is one.
    public var attestation: String?

    public init(publicKey: [UInt8], attestation: String? = nil) {
        self.publicKey = publicKey
        self.attestation = attestation
    }
}

/// Why a platform could not create or use a key.
public enum KeyError: Error, Equatable, Sendable, CaseIterable {
    case missing
    /// There is a key of that name already.
    case exists
    /// The user declined, failed to show that it is them, or let the prompt run out.
    case userNotVerified
    /// The platform made the key unusable, as when a fingerprint was enrolled anew.
    case invalidated
    /// The store cannot be reached, is locked, or failed.
    case unavailable
}

/// Where private keys live: the Secure Enclave. Calls come from a thread that may block, never from the one that draws.
public protocol KeyPort: AnyObject, Sendable {
    /// Makes a fresh P-256 key under `name`; it is durable when this returns. `attestTo` is 32 bytes that the platform's
    /// attestation is to cover, where it is wanted and can be had.
    func create(name: String, kind: KeyKind, attestTo: [UInt8]?) throws(KeyError) -> CreatedKey
    /// The public half: 65 bytes, uncompressed.
    func publicKey(name: String) throws(KeyError) -> [UInt8]
    /// An ECDSA signature over the SHA-256 digest of `message`, in DER. With an `approve` key it blocks while the user
    /// is asked.
    func sign(name: String, message: [UInt8], reason: PromptReason) throws(KeyError) -> [UInt8]
    /// The 32 bytes that ECDH with `peer` (65 bytes, uncompressed) gives: the x-coordinate.
    func agree(name: String, peer: [UInt8]) throws(KeyError) -> [UInt8]
    /// Deletes a key; one that is not there is fine.
    func delete(name: String) throws(KeyError)
    /// Whether each use of an `approve` key verifies the user. Enters what is signed.
    func verifiesUser() -> Bool
    /// Whether `create` gives attestations.
    func attests() -> Bool
}

/// What a relay can wake an iPhone up with.
public struct WakeChoice: Equatable, Sendable {
    /// The relay that asks, `host[:port]`; each may need a registration of its own.
    public var relay: String
    /// The topic that the relay may send to through APNs, where it can.
    public var apnsTopic: String?

    public init(relay: String, apnsTopic: String?) {
        self.relay = relay
        self.apnsTopic = apnsTopic
    }
}

/// Where APNs wakes this app up.
public struct WakeToken: Equatable, Sendable {
    /// The device token in hexadecimal.
    public var token: String
    /// Whether it is of the development environment.
    public var sandbox: Bool

    public init(token: String, sandbox: Bool) {
        self.token = token
        self.sandbox = sandbox
    }
}

extension WakeToken: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "WakeToken(…)" }
    public var debugDescription: String { description }
}

/// Knows where the platform wakes this app up.
public protocol WakePort: AnyObject, Sendable {
    /// The token for one relay; none when this phone is not to be woken by it.
    func token(for choice: WakeChoice) -> WakeToken?
}

/// How grave a line of the log is.
public enum LogLevel: Equatable, Sendable, CaseIterable {
    case error
    case warning
    case info
    case debug
}

/// The platform's log. No line holds a secret or a user's name.
public protocol LogPort: AnyObject, Sendable {
    /// Takes one line. May be called from any thread.
    func log(level: LogLevel, target: String, message: String)
}
