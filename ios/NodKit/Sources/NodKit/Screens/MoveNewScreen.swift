// Moving to a new phone, on the new one.

public enum MoveNewState: Equatable, Sendable {
    case joining
    /// Six digits, to be typed into the old phone.
    case codeShown(code: String, otherPhone: String?)
    /// `error`: why it stopped at an account, until it is tried again.
    case moving(Move, error: PhoneError?)
    case ended(Move)
    case failed(PhoneError)
}

extension MoveNewState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .joining: "joining"
        case .codeShown: "codeShown(…)"
        case .moving(let move, let error): "moving(\(move.stage), error: \(error as Any))"
        case .ended(let move): "ended(\(move.stage))"
        case .failed(let error): "failed(\(error))"
        }
    }

    public var debugDescription: String { description }
}

public enum MoveNewEvent: Equatable, Sendable {
    /// An empty text: the move that is under way is shown again.
    case opened(text: String)
    case resumed(Move)
    case joined(Move)
    case progress(Move)
    /// Something of the move changed: it is looked at again.
    case changed
    /// The move is over; without an error it is done.
    case over(PhoneError?)
    case failedWith(PhoneError)
    case cancelPressed
    /// What the user cancelled has ended.
    case cancelled
    case againPressed
    case closePressed
}

public enum MoveNewEffect: Equatable, Sendable {
    case join(text: String)
    case resume
    case finish
    case loadMove
    case cancel
    case open(Route)
    case close
}

public enum MoveNewScreen: Screen {
    public static let initial = MoveNewState.joining

    public static func reduce(_ state: MoveNewState, _ event: MoveNewEvent) -> Next<MoveNewState, MoveNewEffect> {
        switch (state, event) {
        case (_, .opened(let text)): Next(.joining, text.isEmpty ? .resume : .join(text: text))
        case (_, .resumed(let move)): Next(shown(move), effects: move.stage.isOver ? [] : [.finish])
        case (.joining, .joined(let move)): Next(shown(move), .finish)
        case (.codeShown, .progress(let move)): Next(begun(state, move))
        case (.moving(_, let error), .progress(let move)):
            Next(move.stage.isOver ? .ended(move) : .moving(move, error: error))
        case (.codeShown, .changed), (.moving, .changed), (.moving, .over), (.moving, .cancelled):
            Next(state, .loadMove)
        case (.joining, .over(let error?)), (.codeShown, .over(let error?)), (.joining, .failedWith(let error)),
            (.codeShown, .failedWith(let error)):
            Next(.failed(error))
        // The one who knows more may be the second to say it.
        case (.failed(.noAnswer), .over(let error?)), (.failed(.noAnswer), .failedWith(let error)):
            Next(.failed(error))
        // What has moved is told account by account, also when the rest has not.
        case (.moving(let move, _), .failedWith(let error)): Next(.moving(move, error: error), .loadMove)
        case (.moving(let move, error: .some), .againPressed): Next(.moving(move, error: nil), .finish)
        case (.joining, .cancelPressed), (.codeShown, .cancelPressed), (.moving, .cancelPressed): Next(state, .cancel)
        case (.failed, .againPressed), (.ended, .againPressed): Next(state, .open(.scan()))
        case (_, .cancelPressed), (_, .cancelled), (_, .closePressed): Next(state, .close)
        default: Next(state)
        }
    }

    /// How a move looks by its stage alone.
    private static func shown(_ move: Move) -> MoveNewState {
        switch move.stage {
        case .offered, .awaitingCode, .joined: .joining
        case .codeShown(let code): .codeShown(code: code, otherPhone: move.otherPhone)
        case .moving: .moving(move, error: nil)
        case .done, .cancelled, .otherPhoneLeft, .failed: .ended(move)
        }
    }

    /// What becomes of a code that is shown.
    private static func begun(_ state: MoveNewState, _ move: Move) -> MoveNewState {
        switch move.stage {
        case .offered, .awaitingCode, .joined, .codeShown: state
        case .moving, .done: shown(move)
        // It ended before anything moved.
        case .otherPhoneLeft: .failed(.otherPhoneLeft)
        case .cancelled, .failed: .failed(.noAnswer)
        }
    }

    public static func event(of phone: PhoneEvent) -> MoveNewEvent? {
        switch phone {
        case .moveChanged, .missed: .changed
        case .moveEnded(let error): .over(error)
        default: nil
        }
    }

    public static func runner(in world: World) -> Runner<MoveNewEffect, MoveNewEvent> {
        { effect, tell in
            let phone = world.phone
            do throws(PhoneError) {
                switch effect {
                case .join(let text): tell(.joined(try await phone.joinMove(qr: text)))
                case .resume:
                    guard let move = try await phone.moveStatus(), move.side == .new else { throw .notFound }
                    tell(.resumed(move))
                case .finish: try await MoveOldScreen.finish(phone) { tell(.progress($0)) }
                case .loadMove:
                    if let move = try await phone.moveStatus() { tell(.progress(move)) }
                case .cancel:
                    // One that has ended meanwhile needs no end.
                    try? await phone.cancelMove()
                    tell(.cancelled)
                case .open(let route): world.navigate(.open(route))
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }
}
