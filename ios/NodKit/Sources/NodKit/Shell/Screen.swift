// What every screen is made of (docs/screens.md, "How a screen is made").

/// A screen: what it shows, what can happen to it, what it asks the world to do, and one pure function.
public protocol Screen {
    /// What is shown.
    associatedtype State: Equatable & Sendable
    /// What happened: to the user, to the phone, or to something that was asked for.
    associatedtype Event: Equatable & Sendable
    /// What is to be done through a port.
    associatedtype Effect: Equatable & Sendable

    /// What is shown before anything happened.
    static var initial: State { get }
    /// The whole behaviour. It reads no clock, no file and no global.
    static func reduce(_ state: State, _ event: Event) -> Next<State, Effect>

    /// What does what a screen asks for, one for each time that the screen is shown.
    @MainActor static func runner(in world: World) -> Runner<Effect, Event>
    /// What an event of the phone is to this screen; none when it does not care.
    static func event(of phone: PhoneEvent) -> Event?
    /// What the passing of time is to this screen, at `now` seconds of a monotonic clock; none when it does not care.
    static func tick(_ now: Double) -> Event?
}

extension Screen {
    public static func event(of phone: PhoneEvent) -> Event? { nil }
    public static func tick(_ now: Double) -> Event? { nil }
}

/// Takes an event of a screen.
public typealias Tell<Event> = @MainActor (Event) -> Void

/// Does an effect, and tells the screen what came of it.
public typealias Runner<Effect, Event> = @MainActor (Effect, @escaping Tell<Event>) async -> Void

/// What comes of an event: the state to show, and what to do.
public struct Next<State: Equatable & Sendable, Effect: Equatable & Sendable>: Equatable, Sendable {
    public var state: State
    public var effects: [Effect]

    public init(_ state: State, _ effects: Effect...) {
        self.state = state
        self.effects = effects
    }

    public init(_ state: State, effects: [Effect]) {
        self.state = state
        self.effects = effects
    }
}
