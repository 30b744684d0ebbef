// Made-up services, people and places that the pictures show.
package nod.screens

import nod.logic.Account
import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.Context
import nod.logic.HistoryEntry
import nod.logic.Move
import nod.logic.MoveSide
import nod.logic.MoveStage
import nod.logic.MovingAccount
import nod.logic.MovingAccountState
import nod.logic.Pending
import nod.logic.home.ShownCode

/** 22 November 2026, 14:05 in UTC. */
const val NOW = 1_795_356_300_000L
private const val HOUR = 3_600_000L

val quillmere = Account("a", "Quillmere", "quillmere.example", "anna", "relay.quillmere.example", true, null, NOW - 900 * HOUR)
val fernbank = Account("b", "Fernbank", "fernbank.example", "anna@example.org", "relay.quillmere.example", false, null, NOW - 400 * HOUR)
val townHall = Account(
    "c", "Gävle stadshus", "inloggning.gavle.example", "anna.lindqvist", "nod.gavle.example:8443", false,
    "9f3c41d8a07be25516f0c94b7d3e8a62", NOW - 20 * HOUR,
)

val usual = Context(
    application = "Staff portal",
    domain = "portal.quillmere.example",
    address = "203.0.113.27",
    place = "Uppsala, Sweden",
    device = "Firefox 128 on Windows",
    detail = null,
)

fun pending(context: Context = usual, digits: Int = 2, name: String = "Quillmere", domain: String? = "quillmere.example", label: String = "anna") =
    Pending("p", "a", name, domain, label, context, digits, windowS = 60.0, secondsLeft = 42.0)

val everything = usual.copy(detail = "Order 4711 of 12 chairs, to be paid by invoice")

val long = Context(
    application = "Administration of the municipal library’s lending and returns",
    domain = "lending-and-returns.library.service.quillmere.example",
    address = "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    place = "Llanfairpwllgwyngyll, Isle of Anglesey, United Kingdom",
    device = "Samsung Internet 27 on Android 15 (tablet in the reading room)",
    detail = "Release of 1 250 000,00 SEK to the account ending in 8841",
)

fun code(id: String, issuer: String, account: String, code: String?, left: Double?, period: Int? = 30, digits: Int = 6) =
    ShownCode(id, issuer, account, digits, code, left, period)

val codes = listOf(
    code("1", "Harbour Mail", "anna", "680276", 13.0),
    code("2", "Fernbank", "anna@example.org", "026718", 13.0),
    code("3", "Northern Light & Power", "anna.lindqvist@quillmere.example", "48201577", 4.0, digits = 8),
    code("4", "Old Mill Library", "", null, null, period = null),
)

private fun entry(id: String, hoursAgo: Double, end: ChallengeEnd, context: Context = usual, service: String = "Quillmere", label: String = "anna") =
    HistoryEntry(id, "a", service, label, context, end, NOW - (hoursAgo * HOUR).toLong())

val history = listOf(
    entry("1", 0.1, ChallengeEnd.Answered(AnswerOutcome.Approved)),
    entry("2", 3.0, ChallengeEnd.Answered(AnswerOutcome.Reported), usual.copy(place = "Porto, Portugal", address = "198.51.100.9")),
    entry("3", 5.5, ChallengeEnd.Expired, usual.copy(place = null), "Fernbank", "anna@example.org"),
    entry("4", 22.0, ChallengeEnd.Answered(AnswerOutcome.WrongNumber)),
    entry("5", 26.0, ChallengeEnd.AnsweredElsewhere, service = "Fernbank", label = "anna@example.org"),
    entry("6", 75.0, ChallengeEnd.Answered(AnswerOutcome.Denied)),
    entry("7", 99.0, ChallengeEnd.ApprovedUnconfirmed),
)

fun move(side: MoveSide, stage: MoveStage, states: List<MovingAccountState>, codes: Int = 2, arrived: Boolean = true): Move {
    val accounts = listOf("Quillmere" to "anna", "Fernbank" to "anna@example.org", "Gävle stadshus" to "anna.lindqvist", "Old Mill Library" to "anna")
    val moving = states.mapIndexed { index, state -> MovingAccount("$index", accounts[index].first, accounts[index].second, state) }
    return Move("m", side, stage, if (side == MoveSide.Old) "Pixel 9 Pro" else "Fairphone 5", moving, codes, arrived)
}

/** What is not Nod's own words, and may be in any language. */
val names: List<String> = (
    listOf(
        "Quillmere", "quillmere.example", "relay.quillmere.example", "Fernbank", "fernbank.example", "anna", "anna@example.org", "anna.lindqvist",
        "Gävle stadshus", "inloggning.gavle.example", "nod.gavle.example:8443", "Pixel 9 Pro", "Fairphone 5", "Harbour Mail", "Northern Light & Power",
        "anna.lindqvist@quillmere.example", "Old Mill Library", "Porto, Portugal", "quillmere-login.example", "English", "Svenska", "Norsk bokmål", "Dansk", "Nod", "otpauth",
        "9f3c 41d8 a07b e255 16f0 c94b 7d3e 8a62", "JBSW Y3DP EHPK 3PXP", QR_TEXT, "1.0.0",
    ) + listOf(usual, everything, long).flatMap { listOfNotNull(it.application, it.domain, it.address, it.place, it.device, it.detail) }
    ).sortedByDescending { it.length }

const val QR_TEXT = "nod:1/m?h=relay.quillmere.example&i=k3zQ0mVbTnS5rYx1JwUe7A&s=Zt9mQ2cR8xV4nL7pW1yK5bD3fH6jS0aG8eT2uX4oMqI"
