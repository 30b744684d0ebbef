// A move to a new phone. No description shows the QR code's text or the six digits.

/// Which side of a move this phone is.
public enum MoveSide: Equatable, Sendable {
    /// The accounts leave this phone.
    case old
    /// They come to it.
    case new
}

/// How far a move is.
public enum MoveStage: Equatable, Sendable {
    /// Old phone: the QR code is shown.
    case offered
    /// Old phone: a phone has scanned it; its code is to be typed here.
    case awaitingCode
    /// New phone: the old phone's proof is awaited.
    case joined
    /// New phone: these six digits are to be typed into the old phone.
    case codeShown(code: String)
    case moving
    /// Nothing of it is under way any more.
    case done
    /// It was ended on this phone.
    case cancelled
    /// The other phone ended it.
    case otherPhoneLeft
    /// The relay did not take it, or the other phone sent what the protocol does not allow.
    case failed

    /// Whether it will not change any more.
    public var isOver: Bool {
        switch self {
        case .done, .cancelled, .otherPhoneLeft, .failed: true
        case .offered, .awaitingCode, .joined, .codeShown, .moving: false
        }
    }
}

extension MoveStage: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .offered: "offered"
        case .awaitingCode: "awaitingCode"
        case .joined: "joined"
        case .codeShown: "codeShown(…)"
        case .moving: "moving"
        case .done: "done"
        case .cancelled: "cancelled"
        case .otherPhoneLeft: "otherPhoneLeft"
        case .failed: "failed"
        }
    }

    public var debugDescription: String { description }
}

/// How one account of a move stands.
public enum MovingAccountState: Equatable, Sendable, CaseIterable {
    /// The new phone has been told of it.
    case announced
    /// The login server's word is awaited; the old phone can still approve.
    case authorised
    /// Only the new phone can approve now.
    case moved
    /// The login server refused it: revoked, suspended, or gone to another phone.
    case refused
    /// The new phone cannot take it.
    case impossible
}

/// One account of a move.
public struct MovingAccount: Equatable, Sendable, Identifiable {
    public var id: String
    public var serviceName: String
    public var label: String
    public var state: MovingAccountState

    public init(id: String, serviceName: String, label: String, state: MovingAccountState) {
        self.id = id
        self.serviceName = serviceName
        self.label = label
        self.state = state
    }
}

/// A move.
public struct Move: Equatable, Sendable, Identifiable {
    public var id: String
    public var side: MoveSide
    public var stage: MoveStage
    /// What the other phone calls itself, once that is known.
    public var otherPhone: String?
    public var accounts: [MovingAccount]
    /// How many one-time codes travel along.
    public var codes: Int
    /// Whether they have arrived: the old phone may offer to delete them then.
    public var codesArrived: Bool

    public init(
        id: String, side: MoveSide, stage: MoveStage, otherPhone: String?, accounts: [MovingAccount], codes: Int,
        codesArrived: Bool
    ) {
        self.id = id
        self.side = side
        self.stage = stage
        self.otherPhone = otherPhone
        self.accounts = accounts
        self.codes = codes
        self.codesArrived = codesArrived
    }
}

/// The QR code of a move.
public struct MoveOffer: Equatable, Sendable {
    /// The text of the QR code: a secret, which must not reach the clipboard, a screenshot or the log.
    public var qr: String
    /// How long it is good, in seconds.
    public var secondsLeft: Double

    public init(qr: String, secondsLeft: Double) {
        self.qr = qr
        self.secondsLeft = secondsLeft
    }
}

extension MoveOffer: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "MoveOffer(\(secondsLeft) s)" }
    public var debugDescription: String { description }
}
