// The app's own lock.

public struct LockState: Equatable, Sendable {
    public var asking = false
    /// Whether it was not confirmed who is there.
    public var refused = false

    public init() {}
}

public enum LockEvent: Equatable, Sendable {
    case shown
    case unlockPressed
    case userVerified
    case userRefused
}

public enum LockEffect: Equatable, Sendable {
    case verifyUser
    case unlock
}

public enum LockScreen: Screen {
    public static let initial = LockState()

    public static func reduce(_ state: LockState, _ event: LockEvent) -> Next<LockState, LockEffect> {
        var s = state
        switch event {
        case .shown, .unlockPressed:
            if s.asking { return Next(s) }
            s.asking = true
            s.refused = false
            return Next(s, .verifyUser)
        case .userVerified:
            s.asking = false
            return Next(s, .unlock)
        case .userRefused:
            s.asking = false
            s.refused = true
            return Next(s)
        }
    }

    public static func runner(in world: World) -> Runner<LockEffect, LockEvent> {
        { effect, tell in
            switch effect {
            case .verifyUser: tell(await world.user.verify(.unlock) ? .userVerified : .userRefused)
            case .unlock: world.navigate(.unlocked)
            }
        }
    }
}
