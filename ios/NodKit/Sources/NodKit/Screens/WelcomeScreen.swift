// The first screen: what Nod does, and the ways in.

public struct WelcomeState: Equatable, Sendable {
    public init() {}
}

public enum WelcomeEvent: Equatable, Sendable {
    case scanPressed
    case pastePressed
    case restorePressed
}

public enum WelcomeEffect: Equatable, Sendable {
    case open(Route)
}

public enum WelcomeScreen: Screen {
    public static let initial = WelcomeState()

    public static func reduce(_ state: WelcomeState, _ event: WelcomeEvent) -> Next<WelcomeState, WelcomeEffect> {
        switch event {
        case .scanPressed: Next(state, .open(.scan()))
        case .pastePressed: Next(state, .open(.scan(paste: true)))
        case .restorePressed: Next(state, .open(.backup(.restore)))
        }
    }

    public static func runner(in world: World) -> Runner<WelcomeEffect, WelcomeEvent> {
        { effect, tell in
            switch effect {
            case .open(let route): world.navigate(.open(route))
            }
        }
    }
}
