// The backup of one-time codes: saved and restored, sealed with a passphrase. It holds no device key.

public enum BackupMode: Hashable, Sendable {
    case export
    case restore
}

/// What came of it.
public enum BackupDone: Equatable, Sendable {
    /// How many codes were saved.
    case exported(codes: Int)
    case restored(AddedCodes)
}

/// Why it did not work.
public enum BackupProblem: Equatable, Sendable {
    /// It was not confirmed who is there.
    case refused
    case failed(PhoneError)
}

public struct BackupState: Equatable, Sendable {
    public var mode = BackupMode.export
    public var passphrase = ""
    /// The passphrase again, for an export.
    public var repeated = ""
    /// The file, for a restore.
    public var file: [UInt8]?
    public var busy = false
    public var done: BackupDone?
    public var error: BackupProblem?

    public init() {}

    /// The least that a new passphrase may have, in characters.
    public static let shortest = 10

    public var isTooShort: Bool { mode == .export && passphrase.count < Self.shortest }
    public var isDifferent: Bool { mode == .export && !repeated.isEmpty && passphrase != repeated }
    public var canStart: Bool {
        if busy || done != nil { return false }
        switch mode {
        case .export: return !isTooShort && passphrase == repeated
        case .restore: return file != nil && !passphrase.isEmpty
        }
    }
}

extension BackupState: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "BackupState(\(mode), busy: \(busy), \(done as Any), error: \(error as Any))" }
    public var debugDescription: String { description }
}

public enum BackupEvent: Equatable, Sendable {
    case opened(BackupMode)
    case passphraseChanged(String)
    case repeatedChanged(String)
    case choosePressed
    /// None: no file was chosen.
    case fileOpened([UInt8]?)
    case startPressed
    case userVerified
    case userRefused
    /// The sealed file, and how many codes are in it.
    case sealed([UInt8], codes: Int)
    /// Whether the user said where.
    case saved(Bool, codes: Int)
    case restored(AddedCodes)
    case failedWith(PhoneError)
    case closePressed
}

public enum BackupEffect: Equatable, Sendable {
    case openFile
    case verifyUser
    case seal(passphrase: String)
    case save([UInt8], codes: Int)
    case restore([UInt8], passphrase: String)
    case close
}

public enum BackupScreen: Screen {
    public static let initial = BackupState()

    public static func reduce(_ state: BackupState, _ event: BackupEvent) -> Next<BackupState, BackupEffect> {
        var s = state
        switch event {
        case .opened(let mode):
            s = BackupState()
            s.mode = mode
        case .passphraseChanged(let passphrase):
            s.passphrase = passphrase
            s.error = nil
        case .repeatedChanged(let repeated):
            s.repeated = repeated
            s.error = nil
        case .choosePressed: return s.busy ? Next(s) : Next(s, .openFile)
        case .fileOpened(let file):
            if let file { s.file = file }
            s.error = nil
        case .startPressed: return start(s)
        case .userVerified:
            if s.busy, s.mode == .export { return Next(s, .seal(passphrase: s.passphrase)) }
        case .userRefused: stop(&s, .refused)
        case .sealed(let bytes, let codes): return Next(s, .save(bytes, codes: codes))
        case .saved(let saved, let codes):
            stop(&s, nil)
            if saved { finish(&s, .exported(codes: codes)) }
        case .restored(let added): finish(&s, .restored(added))
        case .failedWith(let error): stop(&s, .failed(error))
        case .closePressed: return Next(s, .close)
        }
        return Next(s)
    }

    private static func start(_ state: BackupState) -> Next<BackupState, BackupEffect> {
        guard state.canStart else { return Next(state) }
        var s = state
        s.busy = true
        s.error = nil
        switch s.mode {
        case .export: return Next(s, .verifyUser)
        case .restore: return Next(s, .restore(s.file ?? [], passphrase: s.passphrase))
        }
    }

    private static func stop(_ s: inout BackupState, _ error: BackupProblem?) {
        s.busy = false
        s.error = error
    }

    /// What was secret on the way is forgotten.
    private static func finish(_ s: inout BackupState, _ done: BackupDone) {
        let mode = s.mode
        s = BackupState()
        s.mode = mode
        s.done = done
    }

    public static func runner(in world: World) -> Runner<BackupEffect, BackupEvent> {
        { effect, tell in
            do throws(PhoneError) {
                switch effect {
                case .openFile: tell(.fileOpened(await world.files.open()))
                case .verifyUser: tell(await world.user.verify(.export) ? .userVerified : .userRefused)
                case .seal(let passphrase):
                    let codes = try await world.phone.codes().count
                    tell(.sealed(try await world.phone.exportCodes(passphrase: passphrase), codes: codes))
                case .save(let bytes, let codes): tell(.saved(await world.files.save(bytes), codes: codes))
                case .restore(let bytes, let passphrase):
                    tell(.restored(try await world.phone.restoreCodes(backup: bytes, passphrase: passphrase)))
                case .close: world.navigate(.close)
                }
            } catch {
                tell(.failedWith(error))
            }
        }
    }
}
