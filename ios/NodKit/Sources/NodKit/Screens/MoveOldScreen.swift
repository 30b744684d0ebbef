// Moving to a new phone, on the old one.

public enum MoveOldState: Equatable, Sendable {
    case warning(accounts: Int, codes: Int)
    case opening
    /// The QR code is good until `deadline`, in seconds of the monotonic clock.
    case qr(text: String, deadline: Double, now: Double)
    /// The new phone's six digits are typed here. One guess.
    case code(MoveCode)
    /// `error`: why it stopped at an account, until it is tried again.
    case moving(Move?, error: PhoneError?)
    case ended(MoveEnding)
    case failed(PhoneError)
}

/// The six digits on the old phone.
public struct MoveCode: Equatable, Sendable {
    public var otherPhone: String?
    public var typed = ""
    public var deadline: Double
    public var now: Double
    /// Whether the code has been handed in.
    public var sending = false
    public var error: PhoneError?

    public init(otherPhone: String?, deadline: Double, now: Double) {
        self.otherPhone = otherPhone
        self.deadline = deadline
        self.now = now
    }

    public var canConfirm: Bool { !sending && typed.count == 6 }
}

/// A move that is over, on the old phone.
public struct MoveEnding: Equatable, Sendable {
    public var move: Move
    /// How many one-time codes were deleted here afterwards, once they were.
    public var deleted: Int?
    public var deleting = false
    public var error: PhoneError?

    public init(_ move: Move) {
        self.move = move
    }

    /// Whether the one-time codes, which are on both phones now, can be deleted here.
    public var canDelete: Bool { move.codesArrived && move.codes > 0 && deleted == nil && !deleting }
}

extension MoveCode: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "MoveCode(…, sending: \(sending), error: \(error as Any))" }
    public var debugDescription: String { description }
}

extension MoveOldState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .warning(let accounts, let codes): "warning(\(accounts) accounts, \(codes) codes)"
        case .opening: "opening"
        case .qr: "qr(…)"
        case .code(let code): "code(\(code))"
        case .moving(let move, let error): "moving(\(move.map { "\($0.stage)" } ?? "…"), error: \(error as Any))"
        case .ended(let ending): "ended(\(ending.move.stage), deleted: \(ending.deleted as Any))"
        case .failed(let error): "failed(\(error))"
        }
    }

    public var debugDescription: String { description }
}

public enum MoveOldEvent: Equatable, Sendable {
    /// The screen appears: it is looked what there is to move, and whether a move is under way.
    case shown
    case opened(accounts: Int, codes: Int)
    /// A move that was under way when the app was started.
    case resumed(Move, now: Double)
    case startPressed
    case offered(qr: String, secondsLeft: Double, now: Double)
    case joined(Move, now: Double)
    case digitsTyped(String)
    case confirmPressed
    case confirmed
    case progress(Move)
    /// Something of the move changed: it is looked at again.
    case changed
    /// The move is over; without an error it is done.
    case over(PhoneError?)
    case failedWith(PhoneError)
    case tick(now: Double)
    case cancelPressed
    /// What the user cancelled has ended.
    case cancelled
    case deleteCodesPressed
    case codesDeleted(count: Int)
    case againPressed
    case closePressed
}

public enum MoveOldEffect: Equatable, Sendable {
    case look
    case offer
    case waitJoined
    case confirm(code: String)
    case finish
    case loadMove
    case cancel
    /// Ends what is left of an earlier move; the screen stays.
    case forget
    case deleteCodes
    case close
}

public enum MoveOldScreen: Screen {
    public static let initial = MoveOldState.warning(accounts: 0, codes: 0)

    /// For how long the digits of a move that was resumed may still be good, at most, in seconds.
    static let longest = 120.0

    public static func reduce(_ state: MoveOldState, _ event: MoveOldEvent) -> Next<MoveOldState, MoveOldEffect> {
        switch (state, event) {
        case (_, .shown): Next(state, .look)
        case (_, .opened(let accounts, let codes)): Next(.warning(accounts: accounts, codes: codes))
        case (_, .resumed(let move, let now)): resumed(move, now)
        case (.warning, .startPressed): Next(.opening, .offer)
        case (.opening, .offered(let qr, let secondsLeft, let now)):
            Next(.qr(text: qr, deadline: now + secondsLeft, now: now), .waitJoined)
        case (.qr(_, let deadline, _), .joined(let move, let now)):
            Next(.code(MoveCode(otherPhone: move.otherPhone, deadline: deadline, now: now)))
        case (.qr(let text, let deadline, _), .tick(let now)): Next(.qr(text: text, deadline: deadline, now: now))
        case (.code(let code), _): typing(code, event)
        case (.moving(let move, let error), _): moving(move, error, event)
        case (.ended(let ending), _): ended(ending, event)
        case (.opening, .failedWith(let error)), (.qr, .failedWith(let error)), (.opening, .over(let error?)),
            (.qr, .over(let error?)):
            Next(.failed(error))
        case (.opening, .cancelPressed), (.qr, .cancelPressed): Next(state, .cancel)
        // What another move has begun is shown, or ended, first.
        case (.failed(.busy), .againPressed): Next(state, .look)
        case (.failed, .againPressed): Next(.opening, .offer)
        case (_, .cancelPressed), (_, .cancelled), (_, .closePressed): Next(state, .close)
        default: Next(state)
        }
    }

    /// A move that was under way when the app ended. A QR code that was shown then is gone.
    private static func resumed(_ move: Move, _ now: Double) -> Next<MoveOldState, MoveOldEffect> {
        switch move.stage {
        case .offered: Next(.failed(.expired), .forget)
        case .awaitingCode:
            Next(.code(MoveCode(otherPhone: move.otherPhone, deadline: now + longest, now: now)))
        case .moving, .joined, .codeShown: Next(.moving(move, error: nil), .finish)
        case .done, .cancelled, .otherPhoneLeft, .failed: Next(.ended(MoveEnding(move)))
        }
    }

    /// What has moved is told account by account, also when the rest has not.
    private static func moving(
        _ move: Move?, _ error: PhoneError?, _ event: MoveOldEvent
    ) -> Next<MoveOldState, MoveOldEffect> {
        switch event {
        case .progress(let now): Next(now.stage.isOver ? .ended(MoveEnding(now)) : .moving(now, error: error))
        case .failedWith(let why): Next(.moving(move, error: why), .loadMove)
        case .againPressed:
            error == nil ? Next(.moving(move, error: nil)) : Next(.moving(move, error: nil), .finish)
        case .changed, .over, .cancelled: Next(.moving(move, error: error), .loadMove)
        case .cancelPressed: Next(.moving(move, error: error), .cancel)
        case .closePressed: Next(.moving(move, error: error), .close)
        default: Next(.moving(move, error: error))
        }
    }

    private static func ended(_ ending: MoveEnding, _ event: MoveOldEvent) -> Next<MoveOldState, MoveOldEffect> {
        var e = ending
        switch event {
        // The new phone may say only afterwards that it has the one-time codes.
        case .changed: return Next(.ended(e), .loadMove)
        case .progress(let now):
            if now.id == e.move.id { e.move = now }
        case .deleteCodesPressed:
            guard e.canDelete else { return Next(.ended(e)) }
            e.deleting = true
            e.error = nil
            return Next(.ended(e), .deleteCodes)
        case .codesDeleted(let count):
            e.deleting = false
            e.deleted = count
        case .failedWith(let error):
            e.deleting = false
            e.error = error
        case .againPressed: return Next(.ended(e), .look)
        case .cancelPressed, .closePressed: return Next(.ended(e), .close)
        default: break
        }
        return Next(.ended(e))
    }

    private static func typing(_ code: MoveCode, _ event: MoveOldEvent) -> Next<MoveOldState, MoveOldEffect> {
        var c = code
        switch event {
        case .digitsTyped(let text):
            if c.sending { return Next(.code(c)) }
            c.typed = String(digits(in: text).prefix(6))
            c.error = nil
        case .confirmPressed:
            if c.sending { return Next(.code(c)) }
            guard c.canConfirm else {
                c.error = .notSixDigits
                return Next(.code(c))
            }
            c.sending = true
            c.error = nil
            return Next(.code(c), .confirm(code: c.typed))
        case .confirmed: return Next(.moving(nil, error: nil), .loadMove, .finish)
        case .failedWith(.notSixDigits):
            c.sending = false
            c.error = .notSixDigits
        case .failedWith(let error), .over(let error?): return Next(.failed(error))
        case .tick(let now): c.now = now
        case .cancelPressed: return Next(.code(c), .cancel)
        case .cancelled, .closePressed: return Next(.code(c), .close)
        default: break
        }
        return Next(.code(c))
    }

    public static func event(of phone: PhoneEvent) -> MoveOldEvent? {
        switch phone {
        case .moveChanged, .missed: .changed
        case .moveEnded(let error): .over(error)
        default: nil
        }
    }

    public static func tick(_ now: Double) -> MoveOldEvent? { .tick(now: now) }

    public static func runner(in world: World) -> Runner<MoveOldEffect, MoveOldEvent> {
        { effect, tell in
            let phone = world.phone
            do throws(PhoneError) {
                switch effect {
                case .look:
                    if let move = try await phone.moveStatus(), move.side == .old, !move.stage.isOver {
                        tell(.resumed(move, now: world.clock.now()))
                    } else {
                        let accounts = try await phone.accounts().count
                        tell(.opened(accounts: accounts, codes: try await phone.codes().count))
                    }
                case .offer:
                    let offer = try await phone.offerMove(relay: nil)
                    tell(.offered(qr: offer.qr, secondsLeft: offer.secondsLeft, now: world.clock.now()))
                case .waitJoined: tell(.joined(try await phone.waitJoined(), now: world.clock.now()))
                case .confirm(let code):
                    try await phone.confirmMove(code: code)
                    tell(.confirmed)
                case .finish: try await finish(phone) { tell(.progress($0)) }
                case .loadMove:
                    if let move = try await phone.moveStatus() { tell(.progress(move)) }
                case .cancel:
                    // One that has ended meanwhile needs no end.
                    try? await phone.cancelMove()
                    tell(.cancelled)
                case .forget: try? await phone.cancelMove()
                case .deleteCodes: tell(.codesDeleted(count: try await phone.deleteMovedCodes()))
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }

    /// Goes on with a move until it is over.
    static func finish(
        _ phone: any PhonePort, _ tell: @MainActor (Move) -> Void
    ) async throws(PhoneError) {
        while !Task.isCancelled {
            let move = try await phone.finishMove(seconds: 60)
            await tell(move)
            if move.stage.isOver { return }
        }
    }
}
