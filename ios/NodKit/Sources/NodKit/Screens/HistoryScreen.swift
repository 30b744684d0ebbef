// Past challenges, newest first.

public struct HistoryState: Equatable, Sendable {
    public var entries: [HistoryEntry] = []
    /// When they were loaded, in milliseconds since 1970: for “today” and “yesterday”.
    public var now: UInt64 = 0
    /// The entry whose details are shown.
    public var expanded: String?
    public var loading = false
    public var error: PhoneError?

    public init() {}
}

public enum HistoryEvent: Equatable, Sendable {
    case opened
    case loaded([HistoryEntry], wallNow: UInt64)
    case failedWith(PhoneError)
    /// Something ended while the list is shown.
    case changed
    case entryPressed(id: String)
    case backPressed
}

public enum HistoryEffect: Equatable, Sendable {
    case load
    case close
}

public enum HistoryScreen: Screen {
    public static let initial = HistoryState()

    public static func reduce(_ state: HistoryState, _ event: HistoryEvent) -> Next<HistoryState, HistoryEffect> {
        var s = state
        switch event {
        case .opened:
            s.loading = true
            return Next(s, .load)
        case .loaded(let entries, let wallNow):
            s.entries = entries
            s.now = wallNow
            s.loading = false
            s.error = nil
        case .failedWith(let error):
            s.loading = false
            s.error = error
        case .changed: return Next(s, .load)
        case .entryPressed(let id): s.expanded = s.expanded == id ? nil : id
        case .backPressed: return Next(s, .close)
        }
        return Next(s)
    }

    public static func event(of phone: PhoneEvent) -> HistoryEvent? {
        switch phone {
        case .challengeGone, .decided, .missed: .changed
        default: nil
        }
    }

    public static func runner(in world: World) -> Runner<HistoryEffect, HistoryEvent> {
        { effect, tell in
            do throws(PhoneError) {
                switch effect {
                case .load: tell(.loaded(try await world.phone.history(), wallNow: world.clock.wall()))
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }
}
