// Moving to a new phone, on the new one.

public enum MoveNewState: Equatable, Sendable {
    case joining
    /// Six digits, to be typed into the old phone.
    case codeShown(code: String, otherPhone: String?)
    case moving(Move)
    case ended(Move)
    case failed(PhoneError)
}

extension MoveNewState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch self {
        case .joining: "joining"
        case .codeShown: "codeShown(…)"
        case .moving(let move): "moving(\(move.stage))"
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
        case (_, .resumed(let move)): Next(shown(state, move), effects: move.stage.isOver ? [] : [.finish])
        case (.joining, .joined(let move)): Next(shown(state, move), .finish)
        case (.codeShown, .progress(let move)), (.moving, .progress(let move)): Next(shown(state, move))
        case (.codeShown, .changed), (.moving, .changed), (.moving, .over): Next(state, .loadMove)
        case (.joining, .over(let error?)), (.codeShown, .over(let error?)), (.joining, .failedWith(let error)),
            (.codeShown, .failedWith(let error)), (.moving, .failedWith(let error)):
            Next(.failed(error))
        case (.joining, .cancelPressed), (.codeShown, .cancelPressed): Next(state, .cancel, .close)
        case (.moving, .cancelPressed): Next(state, .cancel, .loadMove)
        case (_, .cancelPressed), (_, .closePressed): Next(state, .close)
        case (.failed, .againPressed), (.ended, .againPressed): Next(state, .open(.scan()))
        default: Next(state)
        }
    }

    private static func shown(_ state: MoveNewState, _ move: Move) -> MoveNewState {
        switch move.stage {
        case .offered, .awaitingCode, .joined: state
        case .codeShown(let code): .codeShown(code: code, otherPhone: move.otherPhone)
        case .moving: .moving(move)
        case .done, .cancelled, .otherPhoneLeft, .failed: .ended(move)
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
                // One that has ended meanwhile needs no end.
                case .cancel: try? await phone.cancelMove()
                case .open(let route): world.navigate(.open(route))
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }
}
