// Every screen in each of its important states.
package nod.screens

import androidx.compose.foundation.Canvas
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Brush
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.drawscope.rotate
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel
import com.google.zxing.qrcode.encoder.Encoder
import nod.logic.AddedCodes
import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.MoveSide
import nod.logic.MoveStage
import nod.logic.MovingAccountState.Announced
import nod.logic.MovingAccountState.Authorised
import nod.logic.MovingAccountState.Impossible
import nod.logic.MovingAccountState.Moved
import nod.logic.MovingAccountState.Refused
import nod.logic.OfflineReason
import nod.logic.PhoneError
import nod.logic.Scanned
import nod.logic.account.AccountState
import nod.logic.backup.BackupDone
import nod.logic.backup.BackupState
import nod.logic.challenge.ChallengeState
import nod.logic.challenge.Decision
import nod.logic.challenge.Phase
import nod.logic.challenge.shown
import nod.logic.code.AddCodeState
import nod.logic.code.CodeDetailsState
import nod.logic.confirm.ConfirmState
import nod.logic.enrol.EnrolState
import nod.logic.history.HistoryState
import nod.logic.home.HomeMessage
import nod.logic.home.HomeState
import nod.logic.home.OfflineRelay
import nod.logic.licences.LicencesState
import nod.logic.lock.LockState
import nod.logic.movenew.MoveNewState
import nod.logic.moveold.MoveOldState
import nod.logic.root.BackupMode
import nod.logic.scan.CameraState
import nod.logic.scan.ScanMode
import nod.logic.scan.ScanState
import nod.logic.settings.SettingsState
import nod.logic.welcome.WelcomeState
import nod.logic.words.Words
import nod.ui.AccountScreen
import nod.ui.AddCodeScreen
import nod.ui.BackupScreen
import nod.ui.ChallengeScreen
import nod.ui.CodeDetailsScreen
import nod.ui.ConfirmScreen
import nod.ui.EnrolScreen
import nod.ui.HistoryScreen
import nod.ui.HomeScreen
import nod.ui.LicencesScreen
import nod.ui.LockScreen
import nod.ui.MoveNewScreen
import nod.ui.MoveOldScreen
import nod.ui.ScanScreen
import nod.ui.SettingsScreen
import nod.ui.VaultErrorScreen
import nod.ui.WelcomeScreen
import nod.ui.components.QrModules
import nod.ui.components.QrWriter

/** One picture. `fits`: all of it is to be seen at once on a small phone. `over`: something covers the rest for a moment. */
class Sample(val name: String, val fits: Boolean = false, val over: Boolean = false, val draw: @Composable (Words) -> Unit)

val qrWriter = QrWriter { text ->
    val matrix = Encoder.encode(text, ErrorCorrectionLevel.M).matrix
    QrModules(matrix.width, BooleanArray(matrix.width * matrix.height) { matrix.get(it % matrix.width, it / matrix.width).toInt() == 1 })
}

/** What a camera might see. */
private val camera: @Composable (Modifier) -> Unit = { modifier ->
    Canvas(modifier) {
        drawRect(Brush.linearGradient(listOf(Color(0xFF39424E), Color(0xFF1B2027))))
        val modules = qrWriter.modules(QR_TEXT)
        rotate(6f) {
            val side = size.width * 0.5f
            val start = (size.width - side) / 2
            drawRect(Color(0xFFE6E8EA), Offset(start - 20, start - 20), Size(side + 40, side + 40))
            val module = side / modules.side
            for (y in 0 until modules.side) for (x in 0 until modules.side) {
                if (modules.isDark(x, y)) drawRect(Color(0xFF15181C), Offset(start + x * module, start + y * module), Size(module + 0.5f, module + 0.5f))
            }
        }
    }
}

private fun asking(state: ChallengeState.() -> ChallengeState): ChallengeState = shown(pending(), now = 100.0, others = 0).copy(now = 118.0).state()

private fun challenge(name: String, fits: Boolean = false, state: ChallengeState.() -> ChallengeState) =
    Sample("challenge-$name", fits) { words -> ChallengeScreen(asking(state), words, {}) }

private fun ended(name: String, end: ChallengeEnd, others: Int = 0) =
    challenge("ended-$name", fits = true) { copy(phase = Phase.Ended(end), others = others) }

private fun answered(outcome: AnswerOutcome) = ChallengeEnd.Answered(outcome)

private fun home(name: String, over: Boolean = false, state: HomeState.() -> HomeState) = Sample("home-$name", over = over) { words ->
    val first = HomeState(listOf(quillmere, fernbank), codes, accountsLoaded = true, codesLoaded = true)
    HomeScreen(first.state(), words, {})
}

private fun scan(name: String, state: ScanState) = Sample("scan-$name") { words -> ScanScreen(state, words, {}, camera) }

private fun enrol(name: String, state: EnrolState) = Sample("enrol-$name", fits = true) { words -> EnrolScreen(state, words, {}) }

private fun account(name: String, over: Boolean = false, state: AccountState.() -> AccountState) = Sample("account-$name", over = over) { words ->
    AccountScreen(AccountState("a", quillmere, "anna").state(), words, {})
}

private fun old(name: String, state: MoveOldState, fits: Boolean = false) = Sample("move-old-$name", fits) { words -> MoveOldScreen(state, words, {}, qrWriter) }

private fun new(name: String, state: MoveNewState, fits: Boolean = false) = Sample("move-new-$name", fits) { words -> MoveNewScreen(state, words, {}) }

private val started = listOf(
    Sample("welcome", fits = true) { WelcomeScreen(WelcomeState, it, {}) },
    Sample("lock", fits = true) { LockScreen(LockState(), it, {}) },
    Sample("lock-refused", fits = true) { LockScreen(LockState(refused = true), it, {}) },
    Sample("vault-damaged", fits = true) { VaultErrorScreen(PhoneError.Damaged, it) {} },
    Sample("vault-key-store", fits = true) { VaultErrorScreen(PhoneError.KeyStoreUnavailable, it) {} },
    scan("camera", ScanState(camera = CameraState.Allowed)),
    scan("refused", ScanState(camera = CameraState.Refused)),
    scan("paste", ScanState(mode = ScanMode.Paste)),
    scan("paste-unknown", ScanState(mode = ScanMode.Paste, text = QR_TEXT, error = PhoneError.UnknownText)),
    scan("reading", ScanState(camera = CameraState.Allowed, busy = true)),
    scan("added-part", ScanState(camera = CameraState.Allowed, added = AddedCodes(8, 1, 2, 1, 3))),
    Sample("confirm-enrolment", fits = true) { ConfirmScreen(ConfirmState("", Scanned.Enrolment("relay.quillmere.example")), it, {}) },
    Sample("confirm-codes", fits = true) { ConfirmScreen(ConfirmState("", Scanned.Export(4, 1, 1)), it, {}) },
    Sample("confirm-damaged", fits = true) { ConfirmScreen(ConfirmState("", error = PhoneError.DamagedText), it, {}) },
    enrol("contacting", EnrolState.Contacting),
    enrol("code", EnrolState.Code("407193", "Quillmere", "quillmere.example")),
    enrol("added", EnrolState.Added(quillmere)),
    enrol("failed", EnrolState.Failed(PhoneError.EnrolmentEnded)),
    enrol("wrong-service", EnrolState.Failed(PhoneError.WrongService)),
)

private val everyday = listOf(
    home("full") { this },
    home("empty") { copy(accounts = emptyList(), codes = emptyList()) },
    home("loading") { copy(accountsLoaded = false) },
    home("offline") { copy(offline = listOf(OfflineRelay("relay.quillmere.example", OfflineReason.Unreachable, 12.0))) },
    home("untrusted") {
        copy(
            accounts = accounts + townHall,
            offline = listOf(
                OfflineRelay("relay.quillmere.example", OfflineReason.Untrusted, null),
                OfflineRelay("nod.gavle.example:8443", OfflineReason.Replaced, null),
            ),
            notificationsOff = true,
        )
    },
    home("pending") { copy(pending = 2, codes = codes.take(1)) },
    home("copied", over = true) { copy(message = HomeMessage.Copied) },
    challenge("two", fits = true) { copy(typed = "4") },
    challenge("ready", fits = true) { copy(typed = "47") },
    challenge("six", fits = true) { copy(pending = pending(everything, digits = 6), typed = "40719") },
    challenge("plain", fits = true) { copy(pending = pending(usual.copy(domain = null, device = null), digits = 0, domain = null)) },
    challenge("soon", fits = true) { copy(typed = "47", now = 135.0) },
    challenge("other-site") { copy(pending = pending(usual.copy(domain = "quillmere-login.example"))) },
    challenge("long") { copy(pending = pending(long, 6, "Northern Light & Power", "inloggning.gavle.example", "anna.lindqvist@quillmere.example"), others = 2) },
    challenge("unverified") { copy(typed = "47", error = PhoneError.UserNotVerified) },
    challenge("key-unusable") { copy(error = PhoneError.KeyUnusable) },
    challenge("sending", fits = true) { copy(typed = "47", phase = Phase.Sending(Decision.Approve)) },
    ended("approved", answered(AnswerOutcome.Approved)),
    ended("denied", answered(AnswerOutcome.Denied), others = 1),
    ended("reported", answered(AnswerOutcome.Reported)),
    ended("wrong-number", answered(AnswerOutcome.WrongNumber)),
    ended("expired", ChallengeEnd.Expired),
    ended("superseded", ChallengeEnd.Superseded),
    ended("cancelled", ChallengeEnd.Cancelled),
    ended("elsewhere", ChallengeEnd.AnsweredElsewhere),
    ended("refused", answered(AnswerOutcome.Refused)),
    ended("unconfirmed", ChallengeEnd.ApprovedUnconfirmed),
    Sample("history") { HistoryScreen(HistoryState(history, NOW, "2", loading = false), it, {}) },
    Sample("history-empty", fits = true) { HistoryScreen(HistoryState(loading = false), it, {}) },
)

private val changes = listOf(
    account("usual") { this },
    account("saved") { copy(saved = true) },
    account("key-asked") { copy(account = townHall, label = "anna.lindqvist") },
    account("key-question", over = true) { copy(account = townHall, label = "anna.lindqvist", askKeyChange = true) },
    account("remove-question", over = true) { copy(askRemove = true) },
    Sample("code-details") { CodeDetailsScreen(CodeDetailsState("1", true, "Harbour Mail", "anna", 0, 4, changed = true), it, {}) },
    Sample("code-remove", over = true) { CodeDetailsScreen(CodeDetailsState("1", true, "Harbour Mail", "anna", 1, 4, askRemove = true), it, {}) },
    Sample("code-add") { AddCodeScreen(AddCodeState(), it, {}) },
    Sample("code-add-wrong") { AddCodeScreen(AddCodeState("Harbour Mail", "anna", "JBSW Y3DP EHPK 3PXP", 8, 60, error = PhoneError.UnusableCode("secret")), it, {}) },
    Sample("settings") { SettingsScreen(SettingsState(lockOn = true, lockAvailable = true, codes = 4, version = "1.0.0"), it, {}) },
    Sample("settings-no-lock") { SettingsScreen(SettingsState(codes = 0, version = "1.0.0", language = nod.logic.words.Language.NB), it, {}) },
    Sample("backup-export") { BackupScreen(BackupState(BackupMode.Export, "correct horse", "correct hor"), it, {}) },
    Sample("backup-working") { BackupScreen(BackupState(BackupMode.Export, "correct horse", "correct horse", busy = true), it, {}) },
    Sample("backup-exported", fits = true) { BackupScreen(BackupState(BackupMode.Export, done = BackupDone.Saved(4)), it, {}) },
    Sample("backup-restore") { BackupScreen(BackupState(BackupMode.Restore, "correct horse", file = ByteArray(8), error = PhoneError.WrongPassphrase), it, {}) },
    Sample("backup-restored", fits = true) { BackupScreen(BackupState(BackupMode.Restore, done = BackupDone.Restored(AddedCodes(3, 1, 0, 1, 1))), it, {}) },
    Sample("licences") { LicencesScreen(LicencesState, it, {}) },
)

private val moves = listOf(
    old("warning", MoveOldState.Warning(3, 4), fits = true),
    old("opening", MoveOldState.Opening, fits = true),
    old("qr", MoveOldState.Qr(QR_TEXT, 97.0, 0.0), fits = true),
    old("code", MoveOldState.Code("Pixel 9 Pro", 71.0, 0.0, "4071"), fits = true),
    old("code-short", MoveOldState.Code(null, 9.0, 0.0, "4071", error = PhoneError.NotSixDigits)),
    old("moving", MoveOldState.Moving(move(MoveSide.Old, MoveStage.Moving, listOf(Moved, Authorised, Announced), arrived = false))),
    old("ended", MoveOldState.Ended(move(MoveSide.Old, MoveStage.Done, listOf(Moved, Moved)))),
    old("ended-part", MoveOldState.Ended(move(MoveSide.Old, MoveStage.Done, listOf(Moved, Refused, Impossible, Authorised)), deleted = 2)),
    old("failed", MoveOldState.Failed(PhoneError.SecondPhone), fits = true),
    new("joining", MoveNewState.Joining, fits = true),
    new("code", MoveNewState.CodeShown("582047", "Fairphone 5"), fits = true),
    new("moving", MoveNewState.Moving(move(MoveSide.New, MoveStage.Moving, listOf(Moved, Authorised)), PhoneError.UserNotVerified)),
    new("ended", MoveNewState.Ended(move(MoveSide.New, MoveStage.Done, listOf(Moved, Moved)))),
    new("failed", MoveNewState.Failed(PhoneError.WrongService), fits = true),
)

val samples: List<Sample> = started + everyday + changes + moves
