// The licences.

public struct LicencesState: Equatable, Sendable {
    public init() {}
}

public enum LicencesEvent: Equatable, Sendable {
    case backPressed
}

public enum LicencesEffect: Equatable, Sendable {
    case close
}

public enum LicencesScreen: Screen {
    public static let initial = LicencesState()

    public static func reduce(_ state: LicencesState, _ event: LicencesEvent) -> Next<LicencesState, LicencesEffect> {
        switch event {
        case .backPressed: Next(state, .close)
        }
    }

    public static func runner(in world: World) -> Runner<LicencesEffect, LicencesEvent> {
        { effect, _ in
            switch effect {
            case .close: world.navigate(.close)
            }
        }
    }
}
