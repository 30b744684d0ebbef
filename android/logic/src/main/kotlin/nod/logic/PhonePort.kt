// The phone as the presenters see it. The Rust core is behind it.
package nod.logic

import kotlinx.coroutines.flow.Flow

/** What a scanned or pasted text would do. Nothing has been done yet: the screen shows this and asks. */
sealed interface Scanned {
    /** An account is offered, through the relay `host[:port]`. */
    data class Enrolment(val relay: String) : Scanned

    /** Another phone offers its accounts, through the relay `host[:port]`. */
    data class Move(val relay: String) : Scanned

    /** One one-time code; issuer or account may be empty. */
    data class Code(val issuer: String, val account: String) : Scanned

    /** One-time codes of another app's export: how many can be shown here, and which QR code of how many it is. */
    data class Export(val codes: Int, val part: Int, val parts: Int) : Scanned
}

/** An enrolment whose service has proven itself. */
interface Enrolment {
    /** The enrolment, as events name it. */
    val id: String

    /** The six digits that the user types on the page with the QR code. */
    val code: String
    val serviceName: String

    /** The service's verified domain. */
    val domain: String?

    /** Waits until the login server has taken the account in, or ended the enrolment. Once only. */
    suspend fun finished(): Account

    /** Ends the enrolment on this phone and deletes its keys; [finished] fails then. */
    suspend fun abort()
}

/** The phone. Calls throw [PhoneFailure]; ids are texts, times milliseconds since 1970, durations seconds. */
interface PhonePort {
    /** Everything that happens from now on, in order. Each collector has a stream of its own. */
    fun events(): Flow<PhoneEvent>

    /** Says what a text is. White space around it does not count. */
    fun scan(text: String): Scanned

    /** Connects to every relay where this phone has something, at once, and keeps it so. */
    suspend fun connect()

    /** Ends every connection and waits until they have ended. */
    suspend fun disconnect()
    fun relays(): List<Relay>

    /** The platform has another wake-up token, or none any more. */
    fun wakeTokenChanged()

    /** The verified challenges that wait for the user, oldest first. */
    fun pending(): List<Pending>

    /** Connects and waits until a challenge waits for the user, for at most `seconds`. */
    suspend fun waitPending(seconds: Double): List<Pending>

    /** Approves, with the number where one is asked for, and waits for the login server's word. */
    suspend fun approve(challenge: String, number: String?): AnswerOutcome

    /** Denies, and waits for the login server's word. Never asks for the user. */
    suspend fun deny(challenge: String): AnswerOutcome

    /** Denies and reports. Reported only when this gives [AnswerOutcome.Reported]. */
    suspend fun report(challenge: String): AnswerOutcome

    /** Past challenges, newest first, at most 200. */
    suspend fun history(): List<HistoryEntry>

    /** Scans the QR code of a login page and waits until its service has proven itself. */
    suspend fun enrol(qr: String): Enrolment

    /** The accounts, oldest first. */
    suspend fun accounts(): List<Account>
    suspend fun rename(account: String, label: String)

    /** Removes an account and its keys from this phone. Its login server is not told. */
    suspend fun remove(account: String)

    /** The user agrees that an account's service verifies answers itself from now on. */
    suspend fun confirmKeyChange(account: String)

    /** Old phone: verifies the user and opens a move, at `relay` or at the relay of the oldest account. */
    suspend fun offerMove(relay: String? = null): MoveOffer

    /** Old phone: waits until a phone has scanned the QR code. */
    suspend fun waitJoined(): Move

    /** Old phone: takes the code that the new phone shows. One guess: a wrong one ends the move. */
    suspend fun confirmMove(code: String)

    /** New phone: scans the QR code, and waits until the old phone has proven itself: the stage has the code to show. */
    suspend fun joinMove(qr: String): Move

    /** Goes on with the move that is under way until it is over, for at most `seconds`, and says how it stands then. */
    suspend fun finishMove(seconds: Double): Move

    /** The move that is under way, or the last one that was. */
    suspend fun moveStatus(): Move?

    /** Ends the move on this phone. What was authorised already may still move. */
    suspend fun cancelMove()

    /** Old phone: deletes the one-time codes that the new one has, and says how many. */
    suspend fun deleteMovedCodes(): Int

    /** The one-time codes with what each shows now, in the user's order. */
    suspend fun codes(): List<CodeEntry>

    /** Adds the codes of a scanned or pasted text. All are added, or none. */
    suspend fun addCodes(text: String): AddedCodes
    suspend fun addTypedCode(code: TypedCode)

    /** The next code of a counter-based one. Each is shown once. */
    suspend fun nextCode(code: String): String
    suspend fun renameCode(code: String, issuer: String, account: String)
    suspend fun moveCode(code: String, position: Int)
    suspend fun removeCode(code: String)

    /** A backup of all codes, sealed with `passphrase`. It holds no device key. Takes about a second. */
    suspend fun exportCodes(passphrase: String): ByteArray

    /** Adds the codes of a backup; those that are there stay as they are. */
    suspend fun restoreCodes(backup: ByteArray, passphrase: String): AddedCodes
}
