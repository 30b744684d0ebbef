// The core's types as those of the presenters.
package nod.bindings

import nod.logic.Account
import nod.logic.AccountEnd
import nod.logic.AddedCodes
import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.CodeEntry
import nod.logic.CodeNow
import nod.logic.Context
import nod.logic.HistoryEntry
import nod.logic.Move
import nod.logic.MoveOffer
import nod.logic.MoveSide
import nod.logic.MoveStage
import nod.logic.MovingAccount
import nod.logic.MovingAccountState
import nod.logic.OfflineReason
import nod.logic.Pending
import nod.logic.PhoneEvent
import nod.logic.Relay
import nod.logic.Scanned
import nod.logic.TypedCode
import uniffi.nod_ffi.AccountView
import uniffi.nod_ffi.CodeView
import uniffi.nod_ffi.ContextView
import uniffi.nod_ffi.HistoryView
import uniffi.nod_ffi.MoveView
import uniffi.nod_ffi.MovingAccountView
import uniffi.nod_ffi.PendingView
import uniffi.nod_ffi.RelayView
import uniffi.nod_ffi.ScannedText
import uniffi.nod_ffi.AccountEnd as CoreAccountEnd
import uniffi.nod_ffi.AddedCodes as CoreAddedCodes
import uniffi.nod_ffi.AnswerOutcome as CoreOutcome
import uniffi.nod_ffi.ChallengeEnd as CoreEnd
import uniffi.nod_ffi.MoveOffer as CoreOffer
import uniffi.nod_ffi.MoveSide as CoreSide
import uniffi.nod_ffi.MoveStage as CoreStage
import uniffi.nod_ffi.MovingAccountState as CoreMovingState
import uniffi.nod_ffi.OfflineReason as CoreOfflineReason
import uniffi.nod_ffi.PhoneEvent as CoreEvent
import uniffi.nod_ffi.TypedCode as CoreTypedCode

internal fun account(view: AccountView) = Account(
    id = view.id,
    serviceName = view.serviceName,
    domain = view.domain,
    label = view.label,
    relay = view.relay,
    verifiesItself = view.verifiesItself,
    asksToVerifyItself = view.asksToVerifyItself,
    created = view.created.toLong(),
)

internal fun relay(view: RelayView) = Relay(view.relay, view.online, view.retryInS, view.replaced)

private fun context(view: ContextView) =
    Context(view.application, view.domain, view.address, view.place, view.device, view.detail)

internal fun pending(view: PendingView) = Pending(
    id = view.id,
    account = view.account,
    serviceName = view.serviceName,
    serviceDomain = view.serviceDomain,
    label = view.label,
    context = context(view.context),
    digits = view.digits.toInt(),
    windowS = view.windowS,
    secondsLeft = view.secondsLeft,
)

internal fun outcome(outcome: CoreOutcome): AnswerOutcome = when (outcome) {
    CoreOutcome.APPROVED -> AnswerOutcome.Approved
    CoreOutcome.DENIED -> AnswerOutcome.Denied
    CoreOutcome.REPORTED -> AnswerOutcome.Reported
    CoreOutcome.WRONG_NUMBER -> AnswerOutcome.WrongNumber
    CoreOutcome.EXPIRED -> AnswerOutcome.Expired
    CoreOutcome.SUPERSEDED -> AnswerOutcome.Superseded
    CoreOutcome.CONFLICT -> AnswerOutcome.Conflict
    CoreOutcome.REFUSED -> AnswerOutcome.Refused
}

private fun challengeEnd(end: CoreEnd): ChallengeEnd = when (end) {
    is CoreEnd.Answered -> ChallengeEnd.Answered(outcome(end.outcome))
    CoreEnd.ApprovedUnconfirmed -> ChallengeEnd.ApprovedUnconfirmed
    CoreEnd.DeniedUnconfirmed -> ChallengeEnd.DeniedUnconfirmed
    CoreEnd.ReportedUnconfirmed -> ChallengeEnd.ReportedUnconfirmed
    CoreEnd.Superseded -> ChallengeEnd.Superseded
    CoreEnd.Cancelled -> ChallengeEnd.Cancelled
    CoreEnd.AnsweredElsewhere -> ChallengeEnd.AnsweredElsewhere
    CoreEnd.Expired -> ChallengeEnd.Expired
}

internal fun historyEntry(view: HistoryView) = HistoryEntry(
    id = view.id,
    account = view.account,
    serviceName = view.serviceName,
    label = view.label,
    context = context(view.context),
    end = challengeEnd(view.end),
    at = view.at.toLong(),
)

internal fun codeEntry(view: CodeView) = CodeEntry(
    id = view.id,
    issuer = view.issuer,
    account = view.account,
    digits = view.digits.toInt(),
    now = view.now?.let { CodeNow(it.code, it.next, it.secondsLeft, it.periodS.toInt()) },
    created = view.created.toLong(),
)

internal fun addedCodes(added: CoreAddedCodes) = AddedCodes(
    added = added.added.toInt(),
    known = added.known.toInt(),
    skipped = added.skipped.toInt(),
    part = added.part.toInt(),
    parts = added.parts.toInt(),
)

internal fun typedCode(code: TypedCode) =
    CoreTypedCode(code.issuer, code.account, code.secret, code.digits.toUByte(), code.periodS.toUInt())

internal fun moveOffer(offer: CoreOffer) = MoveOffer(offer.qr, offer.secondsLeft)

internal fun move(view: MoveView) = Move(
    id = view.id,
    side = when (view.side) {
        CoreSide.OLD -> MoveSide.Old
        CoreSide.NEW -> MoveSide.New
    },
    stage = stage(view.stage),
    otherPhone = view.otherPhone,
    accounts = view.accounts.map(::movingAccount),
    codes = view.codes.toInt(),
    codesArrived = view.codesArrived,
)

private fun stage(stage: CoreStage): MoveStage = when (stage) {
    CoreStage.Offered -> MoveStage.Offered
    CoreStage.AwaitingCode -> MoveStage.AwaitingCode
    CoreStage.Joined -> MoveStage.Joined
    is CoreStage.CodeShown -> MoveStage.CodeShown(stage.code)
    CoreStage.Moving -> MoveStage.Moving
    CoreStage.Done -> MoveStage.Done
    CoreStage.Cancelled -> MoveStage.Cancelled
    CoreStage.OtherPhoneLeft -> MoveStage.OtherPhoneLeft
    CoreStage.Failed -> MoveStage.Failed
}

private fun movingAccount(view: MovingAccountView) = MovingAccount(
    id = view.id,
    serviceName = view.serviceName,
    label = view.label,
    state = when (view.state) {
        CoreMovingState.ANNOUNCED -> MovingAccountState.Announced
        CoreMovingState.AUTHORISED -> MovingAccountState.Authorised
        CoreMovingState.MOVED -> MovingAccountState.Moved
        CoreMovingState.REFUSED -> MovingAccountState.Refused
        CoreMovingState.IMPOSSIBLE -> MovingAccountState.Impossible
    },
)

internal fun scanned(text: ScannedText): Scanned = when (text) {
    is ScannedText.Enrolment -> Scanned.Enrolment(text.relay)
    is ScannedText.Move -> Scanned.Move(text.relay)
    is ScannedText.Code -> Scanned.Code(text.issuer, text.account)
    is ScannedText.Export -> Scanned.Export(text.codes.toInt(), text.part.toInt(), text.parts.toInt())
}

private fun offlineReason(reason: CoreOfflineReason): OfflineReason = when (reason) {
    CoreOfflineReason.UNREACHABLE -> OfflineReason.Unreachable
    CoreOfflineReason.UNTRUSTED -> OfflineReason.Untrusted
    CoreOfflineReason.DRAINING -> OfflineReason.Draining
    CoreOfflineReason.REPLACED -> OfflineReason.Replaced
    CoreOfflineReason.PROTOCOL -> OfflineReason.Protocol
    CoreOfflineReason.ASKED -> OfflineReason.Asked
}

private fun accountEnd(end: CoreAccountEnd): AccountEnd = when (end) {
    CoreAccountEnd.USER -> AccountEnd.User
    CoreAccountEnd.REVOKED -> AccountEnd.Revoked
    CoreAccountEnd.MOVED -> AccountEnd.Moved
}

internal fun event(event: CoreEvent): PhoneEvent = when (event) {
    is CoreEvent.Online -> PhoneEvent.Online(event.relay)
    is CoreEvent.Offline -> PhoneEvent.Offline(event.relay, offlineReason(event.reason), event.retryInS)
    is CoreEvent.Challenge -> PhoneEvent.Challenge(event.id)
    is CoreEvent.ChallengeGone -> PhoneEvent.ChallengeGone(event.id, challengeEnd(event.end))
    is CoreEvent.Decided -> PhoneEvent.Decided(event.id, outcome(event.outcome))
    is CoreEvent.AnswerRefused -> PhoneEvent.AnswerRefused(event.id)
    is CoreEvent.AccountAdded -> PhoneEvent.AccountAdded(event.id)
    is CoreEvent.EnrolmentFailed -> PhoneEvent.EnrolmentFailed(event.id, phoneError(event.error))
    is CoreEvent.AccountRemoved -> PhoneEvent.AccountRemoved(event.id, accountEnd(event.end))
    is CoreEvent.AccountChanged -> PhoneEvent.AccountChanged(event.id)
    CoreEvent.MoveChanged -> PhoneEvent.MoveChanged
    is CoreEvent.MoveEnded -> PhoneEvent.MoveEnded(event.error?.let(::phoneError))
    is CoreEvent.EnrolmentVerified -> PhoneEvent.EnrolmentVerified(event.id)
    CoreEvent.Missed -> PhoneEvent.Missed
}
