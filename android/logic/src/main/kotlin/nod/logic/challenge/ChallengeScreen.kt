// One challenge: what is asked, the number, the seconds that are left, and how it ended.
package nod.logic.challenge

import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.Next
import nod.logic.Pending
import nod.logic.PhoneError
import nod.logic.secondsLeft
import nod.logic.then

/** For so long no button takes a press: nobody approves what appeared under their thumb. */
const val ARMING_S = 0.5

/** When the rest of the time is said aloud. */
const val SOON_S = 10

enum class Decision { Approve, Deny, Report }

sealed interface Phase {
    data object Asking : Phase
    data class Sending(val decision: Decision) : Phase
    data class Ended(val end: ChallengeEnd) : Phase
}

data class ChallengeState(
    val pending: Pending,
    /** When the time is over, in seconds of the clock that `now` is of. */
    val deadline: Double,
    /** From when on the buttons take a press. */
    val armedAt: Double,
    val now: Double,
    val typed: String = "",
    val phase: Phase = Phase.Asking,
    val error: PhoneError? = null,
    /** How many more wait. */
    val others: Int = 0,
    /** How it ended elsewhere, while an answer was under way. */
    val gone: ChallengeEnd? = null,
) {
    val left: Int get() = secondsLeft(deadline, now)

    /** What is left, as a part of the whole time: 1 at the beginning, 0 at the end. */
    val ring: Float get() = ((deadline - now) / pending.windowS).coerceIn(0.0, 1.0).toFloat()

    /** Whether the rest of the time is to be said aloud. */
    val soon: Boolean get() = phase == Phase.Asking && left in 1..SOON_S

    /** Whether Deny and Report take a press. */
    val canAnswer: Boolean get() = phase == Phase.Asking && now >= armedAt

    /** Whether Approve takes a press: the number is there, and the key can still be used. */
    val canApprove: Boolean
        get() = canAnswer && typed.length == pending.digits && error != PhoneError.KeyUnusable

    /** The web site, when it is not the verified domain nor below it. */
    val otherSite: String?
        get() {
            val site = pending.context.domain ?: return null
            val verified = pending.serviceDomain ?: return null
            return site.takeUnless { it.isOrIsBelow(verified) }
        }

    override fun toString() = "ChallengeState(id=${pending.id}, now=$now, phase=$phase, error=$error, others=$others)"
}

sealed interface ChallengeEvent {
    data class Shown(val pending: Pending, val now: Double, val others: Int) : ChallengeEvent
    data class Tick(val now: Double) : ChallengeEvent
    data class DigitsTyped(val text: String) : ChallengeEvent {
        override fun toString() = "DigitsTyped"
    }

    data object ApprovePressed : ChallengeEvent
    data object DenyPressed : ChallengeEvent
    data object ReportPressed : ChallengeEvent

    /** The login server's word on this phone's answer. */
    data class Answered(val outcome: AnswerOutcome) : ChallengeEvent
    data class AnswerFailed(val error: PhoneError) : ChallengeEvent

    /** It ended without an answer from this phone. */
    data class Gone(val end: ChallengeEnd) : ChallengeEvent
    data class OthersKnown(val count: Int) : ChallengeEvent
    data object DonePressed : ChallengeEvent
}

sealed interface ChallengeEffect {
    data class Approve(val id: String, val number: String?) : ChallengeEffect {
        override fun toString() = "Approve($id)"
    }

    data class Deny(val id: String) : ChallengeEffect
    data class Report(val id: String) : ChallengeEffect

    /** The next that waits is shown. */
    data object ShowNext : ChallengeEffect
    data object Close : ChallengeEffect
}

/** How a challenge looks when it appears. */
fun shown(pending: Pending, now: Double, others: Int) = ChallengeState(
    pending = pending,
    deadline = now + pending.secondsLeft,
    armedAt = now + ARMING_S,
    now = now,
    others = others,
)

/** What follows an event. */
fun reduce(state: ChallengeState, event: ChallengeEvent): Next<ChallengeState, ChallengeEffect> = when (event) {
    is ChallengeEvent.Shown -> shown(event.pending, event.now, event.others).then()
    is ChallengeEvent.Tick -> ticked(state.copy(now = event.now)).then()
    is ChallengeEvent.DigitsTyped -> state.copy(
        typed = digits(event.text, state.pending.digits),
        error = state.error.takeIf { it == PhoneError.KeyUnusable },
    ).then()
    ChallengeEvent.ApprovePressed -> {
        val number = state.typed.takeIf { state.pending.digits > 0 }
        sent(state, state.canApprove, Decision.Approve, ChallengeEffect.Approve(state.pending.id, number))
    }
    ChallengeEvent.DenyPressed ->
        sent(state, state.canAnswer, Decision.Deny, ChallengeEffect.Deny(state.pending.id))
    ChallengeEvent.ReportPressed ->
        sent(state, state.canAnswer, Decision.Report, ChallengeEffect.Report(state.pending.id))
    is ChallengeEvent.Answered -> ended(state, ChallengeEnd.Answered(event.outcome)).then()
    is ChallengeEvent.AnswerFailed -> failed(state, event.error).then()
    is ChallengeEvent.Gone ->
        // Once an answer is under way, the word on that answer counts.
        when (state.phase) {
            Phase.Asking -> ended(state, event.end).then()
            is Phase.Sending -> state.copy(gone = event.end).then()
            is Phase.Ended -> state.then()
        }
    is ChallengeEvent.OthersKnown -> state.copy(others = event.count).then()
    ChallengeEvent.DonePressed -> when {
        state.phase !is Phase.Ended -> state.then()
        state.others > 0 -> state.then(ChallengeEffect.ShowNext)
        else -> state.then(ChallengeEffect.Close)
    }
}

private fun ticked(state: ChallengeState): ChallengeState =
    if (state.phase == Phase.Asking && state.now >= state.deadline) ended(state, ChallengeEnd.Expired) else state

private fun sent(
    state: ChallengeState,
    allowed: Boolean,
    decision: Decision,
    effect: ChallengeEffect,
): Next<ChallengeState, ChallengeEffect> {
    if (!allowed || state.now >= state.deadline) return state.then()
    return state.copy(phase = Phase.Sending(decision), error = null).then(effect)
}

private fun ended(state: ChallengeState, end: ChallengeEnd): ChallengeState =
    state.copy(phase = Phase.Ended(end), typed = "", error = null)

/** What leaves the challenge open is said; what ends it ends it. */
private fun failed(state: ChallengeState, error: PhoneError): ChallengeState {
    val decision = (state.phase as? Phase.Sending)?.decision ?: return state
    return when {
        error == PhoneError.Unconfirmed -> ended(state, unconfirmed(decision))
        state.gone != null -> ended(state, state.gone)
        error == PhoneError.Expired -> ended(state, ChallengeEnd.Expired)
        error == PhoneError.NotFound -> ended(state, ChallengeEnd.Superseded)
        error == PhoneError.AlreadyAnswered -> ended(state, ChallengeEnd.Answered(AnswerOutcome.Conflict))
        leavesOpen(error) -> ticked(state.copy(phase = Phase.Asking, error = error))
        // It was signed and may count: only the login server knows.
        else -> ended(state, unconfirmed(decision))
    }
}

/** Whether nothing was signed, so that the user can try again. */
private fun leavesOpen(error: PhoneError): Boolean = when (error) {
    PhoneError.UserNotVerified,
    PhoneError.KeyStoreUnavailable,
    PhoneError.KeyUnusable,
    PhoneError.Storage,
    PhoneError.TooMany,
    is PhoneError.NumberLength,
    -> true
    else -> false
}

private fun unconfirmed(decision: Decision): ChallengeEnd = when (decision) {
    Decision.Approve -> ChallengeEnd.ApprovedUnconfirmed
    Decision.Deny -> ChallengeEnd.DeniedUnconfirmed
    Decision.Report -> ChallengeEnd.ReportedUnconfirmed
}

private fun digits(text: String, most: Int): String = text.filter { it in '0'..'9' }.take(most)

private fun String.isOrIsBelow(domain: String): Boolean {
    val (site, above) = lowercase().trimEnd('.') to domain.lowercase().trimEnd('.')
    return site == above || site.endsWith(".$above")
}
