// Moving to a new phone, on the old one.

public enum MoveOldState: Equatable, Sendable {
    case warning(accounts: Int, codes: Int)
    case opening
    /// The QR code is good until `deadline`, in seconds of the monotonic clock.
    case qr(text: String, deadline: Double, now: Double)
    /// The new phone's six digits are typed here. One guess.
    case code(MoveCode)
    case moving(Move?)
    /// `deleted`: how many one-time codes were deleted here afterwards, once they were.
    case ended(Move, deleted: Int?)
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
        case .moving(let move): "moving(\(move.map { "\($0.stage)" } ?? "…"))"
        case .ended(let move, let deleted): "ended(\(move.stage), deleted: \(deleted as Any))"
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
    case resumed(Move)
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
    case deleteCodesPressed
    case codesDeleted(count: Int)
    case againPressed
    case closePressed
}

public enum MoveOldEffect: Equatable, Sendable {
    case look
    /// Ends what is left of a move that cannot be shown again, and looks.
    case startOver
    case offer
    case waitJoined
    case confirm(code: String)
    case finish
    case loadMove
    case cancel
    case deleteCodes
    case close
}

public enum MoveOldScreen: Screen {
    public static let initial = MoveOldState.warning(accounts: 0, codes: 0)

    public static func reduce(_ state: MoveOldState, _ event: MoveOldEvent) -> Next<MoveOldState, MoveOldEffect> {
        switch (state, event) {
        case (_, .shown): return Next(state, .look)
        case (_, .opened(let accounts, let codes)):
            return Next(.warning(accounts: accounts, codes: codes))
        case (_, .resumed(let move)): return resumed(move)
        case (.warning, .startPressed): return Next(.opening, .offer)
        case (.opening, .offered(let qr, let secondsLeft, let now)):
            return Next(.qr(text: qr, deadline: now + secondsLeft, now: now), .waitJoined)
        case (.qr(_, let deadline, _), .joined(let move, let now)):
            return Next(.code(MoveCode(otherPhone: move.otherPhone, deadline: deadline, now: now)))
        case (.qr(let text, let deadline, _), .tick(let now)):
            return Next(.qr(text: text, deadline: deadline, now: now))
        case (.code(let code), _): return typing(code, event)
        case (.moving, .changed), (.moving, .over), (.ended, .changed): return Next(state, .loadMove)
        case (.moving, .progress(let move)):
            return Next(move.stage.isOver ? .ended(move, deleted: nil) : .moving(move))
        case (.moving, .cancelPressed): return Next(state, .cancel, .loadMove)
        case (.opening, .cancelPressed), (.qr, .cancelPressed): return Next(state, .cancel, .close)
        case (.opening, .failedWith(let error)), (.qr, .failedWith(let error)), (.moving, .failedWith(let error)),
            (.opening, .over(let error?)), (.qr, .over(let error?)):
            return Next(.failed(error))
        case (.ended, .deleteCodesPressed): return Next(state, .deleteCodes)
        case (.ended(let move, _), .codesDeleted(let count)): return Next(.ended(move, deleted: count))
        case (.ended(let move, let deleted), .progress(let now)):
            return Next(.ended(now.id == move.id ? now : move, deleted: deleted))
        case (.failed, .againPressed), (.ended, .againPressed): return Next(state, .startOver)
        case (_, .cancelPressed), (_, .closePressed): return Next(state, .close)
        default: return Next(state)
        }
    }

    /// A QR code cannot be shown again after the app was gone: such a move is ended, and begun anew.
    private static func resumed(_ move: Move) -> Next<MoveOldState, MoveOldEffect> {
        switch move.stage {
        case .offered, .awaitingCode, .joined, .codeShown:
            Next(.warning(accounts: move.accounts.count, codes: move.codes), .startOver)
        case .moving: Next(.moving(move), .finish)
        case .done, .cancelled, .otherPhoneLeft, .failed: Next(.ended(move, deleted: nil))
        }
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
        case .confirmed: return Next(.moving(nil), .loadMove, .finish)
        case .failedWith(.notSixDigits):
            c.sending = false
            c.error = .notSixDigits
        case .failedWith(let error), .over(let error?): return Next(.failed(error))
        case .tick(let now): c.now = now
        case .cancelPressed: return Next(.code(c), .cancel, .close)
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
                case .look: try await look(phone, tell)
                case .startOver:
                    // An authorised account goes on moving; a QR code without its window is of no use.
                    if let move = try await phone.moveStatus(), !move.stage.isOver, move.stage != .moving {
                        try? await phone.cancelMove()
                    }
                    try await look(phone, tell)
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
                // One that has ended meanwhile needs no end.
                case .cancel: try? await phone.cancelMove()
                case .deleteCodes: tell(.codesDeleted(count: try await phone.deleteMovedCodes()))
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }

    private static func look(
        _ phone: any PhonePort, _ tell: @MainActor (MoveOldEvent) -> Void
    ) async throws(PhoneError) {
        if let move = try await phone.moveStatus(), move.side == .old, !move.stage.isOver {
            await tell(.resumed(move))
            return
        }
        let accounts = try await phone.accounts().count
        await tell(.opened(accounts: accounts, codes: try await phone.codes().count))
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
