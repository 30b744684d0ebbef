// Runs a challenge's effects and follows what becomes of it.
package nod.logic.challenge

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.mapNotNull
import nod.logic.AnswerOutcome
import nod.logic.ChallengeEnd
import nod.logic.Pending
import nod.logic.PhoneEvent
import nod.logic.Ports
import nod.logic.Presenter
import nod.logic.ticks

/** `closed` is told which challenge is shown next, or none. */
class ChallengePresenter(
    private val ports: Ports,
    pending: Pending,
    private val closed: (next: String?) -> Unit,
    scope: CoroutineScope,
) : Presenter<ChallengeState, ChallengeEvent, ChallengeEffect>(
    shown(pending, ports.clock.now(), others = 0),
    scope,
    ::reduce,
) {
    private val phone = ports.phone
    private val id = pending.id

    init {
        follow(phone.events().mapNotNull(::told)) { it }
        follow(ports.ticks()) { ChallengeEvent.Tick(it) }
        on(ChallengeEvent.OthersKnown(others().size))
        // What ended before anybody listened is not waited for.
        if (phone.pending().none { it.id == id }) on(ChallengeEvent.Gone(ChallengeEnd.Superseded))
    }

    override suspend fun run(effect: ChallengeEffect) = when (effect) {
        is ChallengeEffect.Approve -> answered { phone.approve(effect.id, effect.number) }
        is ChallengeEffect.Deny -> answered { phone.deny(effect.id) }
        is ChallengeEffect.Report -> answered { phone.report(effect.id) }
        // Also where none waited: one may have come this moment.
        ChallengeEffect.ShowNext, ChallengeEffect.Close -> closed(others().firstOrNull()?.id)
    }

    private suspend fun answered(answer: suspend () -> AnswerOutcome) =
        call(ChallengeEvent::AnswerFailed, ChallengeEvent::Answered, answer)

    private fun others(): List<Pending> = phone.pending().filter { it.id != id }

    private fun told(event: PhoneEvent): ChallengeEvent? = when {
        event is PhoneEvent.ChallengeGone && event.id == id -> ChallengeEvent.Gone(event.end)
        event is PhoneEvent.Challenge || event is PhoneEvent.ChallengeGone || event == PhoneEvent.Missed ->
            ChallengeEvent.OthersKnown(others().size)
        else -> null
    }
}
