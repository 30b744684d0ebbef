// The shell around a screen: keeps its state, takes events one after another, and runs effects through ports.

import Observation

/// The model of a screen. The view draws `state` and sends events; it decides nothing.
@Observable @MainActor
public final class ScreenModel<S: Screen> {
    /// What is shown.
    public private(set) var state: S.State

    @ObservationIgnored private let clock: any Clock
    @ObservationIgnored private let run: Runner<S.Effect, S.Event>
    @ObservationIgnored private var tasks: [Int: Task<Void, Never>] = [:]
    @ObservationIgnored private var lastTask = 0

    /// A model that hears of the phone from now on.
    public init(_ screen: S.Type, in world: World) {
        clock = world.clock
        run = S.runner(in: world)
        state = S.initial
        let happenings = world.phone.events()
        start { [weak self] in
            for await happening in happenings {
                guard let self else { return }
                if let event = S.event(of: happening) { self.send(event) }
            }
        }
    }

    /// Something happened.
    public func send(_ event: S.Event) {
        let next = S.reduce(state, event)
        if next.state != state { state = next.state }
        for effect in next.effects {
            let run = run
            start { [weak self] in
                await run(effect) { self?.send($0) }
            }
        }
    }

    /// Tells the screen of the passing of time, four times a second, for as long as the view's task lasts.
    public func live() async {
        guard S.tick(clock.now()) != nil else { return }
        while !Task.isCancelled {
            if let event = S.tick(clock.now()) { send(event) }
            do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
        }
    }

    /// The view has gone: nothing is listened to any more.
    deinit {
        tasks.values.forEach { $0.cancel() }
    }

    private func start(_ work: @escaping @MainActor () async -> Void) {
        lastTask += 1
        let id = lastTask
        tasks[id] = Task { [weak self] in
            await work()
            self?.tasks[id] = nil
        }
    }
}
