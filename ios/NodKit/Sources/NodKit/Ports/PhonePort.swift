// The phone as screens see it: the calls of the Rust core, under the same names.

/// The phone. Every call may wait for the network or for the user; none blocks the thread that draws.
public protocol PhonePort: Sendable {
    /// Everything that happens from now on, in order. Each caller has a stream of its own.
    func events() -> AsyncStream<PhoneEvent>
    /// Connects to every relay where this phone has something, and keeps it so.
    func connect() async throws(PhoneError)
    /// Ends every connection and waits until they have ended.
    func disconnect() async
    func relays() -> [Relay]
    /// The platform has another wake-up token, or none any more.
    func wakeTokenChanged()

    /// What a scanned or pasted text would do. Does nothing yet.
    func scan(_ text: String) throws(PhoneError) -> Scanned
    /// Waits until the service of the QR code has proven itself: then there is a code to show.
    func enrol(qr: String) async throws(PhoneError) -> any Enrolment

    /// The accounts, oldest first.
    func accounts() async throws(PhoneError) -> [Account]
    func rename(account: String, label: String) async throws(PhoneError)
    /// Removes an account and its keys from this phone. Its login server is not told.
    func remove(account: String) async throws(PhoneError)
    /// The user agrees that the account's service verifies answers itself from now on.
    func confirmKeyChange(account: String) async throws(PhoneError)
    /// Past challenges, newest first, at most 200.
    func history() async throws(PhoneError) -> [HistoryEntry]

    /// The verified challenges that wait for the user, oldest first.
    func pending() -> [Pending]
    /// Connects and waits until a challenge waits for the user, for at most `seconds`.
    func waitPending(seconds: Double) async throws(PhoneError) -> [Pending]
    /// Approves, with the number from the login page where one is asked for, and waits for the login server's word.
    func approve(challenge: String, number: String?) async throws(PhoneError) -> AnswerOutcome
    /// Denies, and waits for the login server's word. Never asks for the user.
    func deny(challenge: String) async throws(PhoneError) -> AnswerOutcome
    /// Denies and reports. Reported only when this gives `.reported`.
    func report(challenge: String) async throws(PhoneError) -> AnswerOutcome

    /// Old phone: verifies the user and opens a move at `relay`, or at the relay of the oldest account.
    func offerMove(relay: String?) async throws(PhoneError) -> MoveOffer
    /// Old phone: waits until a phone has scanned the QR code.
    func waitJoined() async throws(PhoneError) -> Move
    /// Old phone: takes the code that the new phone shows. One guess: a wrong one ends the move.
    func confirmMove(code: String) async throws(PhoneError)
    /// New phone: scans the QR code, and waits until the old phone has proven itself: the stage has the code to show.
    func joinMove(qr: String) async throws(PhoneError) -> Move
    /// Goes on with the move that is under way until it is over, for at most `seconds`, and says how it stands then.
    func finishMove(seconds: Double) async throws(PhoneError) -> Move
    /// The move that is under way, or the last one that was.
    func moveStatus() async throws(PhoneError) -> Move?
    /// Ends the move on this phone. What was authorised already may still move.
    func cancelMove() async throws(PhoneError)
    /// Old phone: deletes the one-time codes that the new one has, and says how many.
    func deleteMovedCodes() async throws(PhoneError) -> Int

    /// The one-time codes with what each shows now, in the user's order.
    func codes() async throws(PhoneError) -> [CodeEntry]
    /// Adds the codes of a scanned or pasted text. All are added, or none.
    func addCodes(text: String) async throws(PhoneError) -> AddedCodes
    func addTypedCode(_ code: TypedCode) async throws(PhoneError)
    /// The next code of a counter-based one. Each is shown once.
    func nextCode(code: String) async throws(PhoneError) -> String
    func renameCode(code: String, issuer: String, account: String) async throws(PhoneError)
    /// Moves a code to a position in the list, counted from 0.
    func moveCode(code: String, position: Int) async throws(PhoneError)
    func removeCode(code: String) async throws(PhoneError)
    /// A backup of all codes, sealed with `passphrase`. It holds no device key.
    func exportCodes(passphrase: String) async throws(PhoneError) -> [UInt8]
    /// Adds the codes of a backup; those that are there stay as they are.
    func restoreCodes(backup: [UInt8], passphrase: String) async throws(PhoneError) -> AddedCodes
}

/// An enrolment whose service has proven itself. Letting go of it does not end it.
public protocol Enrolment: Sendable {
    /// The enrolment, as events name it.
    var id: String { get }
    /// The six digits that the user types on the page with the QR code.
    var code: String { get }
    var serviceName: String { get }
    /// The service's verified domain.
    var domain: String? { get }
    /// Waits until the login server has taken the account in, or ended the enrolment. Once only.
    func finished() async throws(PhoneError) -> Account
    /// Ends the enrolment on this phone and deletes its keys. Whoever waits for `finished` is told `enrolmentEnded`.
    func abort() async throws(PhoneError)
}
