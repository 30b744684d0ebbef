// Runs an enrolment's effects.
package nod.logic.enrol

import kotlinx.coroutines.CoroutineScope
import nod.logic.Enrolment
import nod.logic.Navigator
import nod.logic.PhonePort
import nod.logic.Presenter

class EnrolPresenter(
    private val phone: PhonePort,
    private val navigator: Navigator,
    text: String,
    scope: CoroutineScope,
) : Presenter<EnrolState, EnrolEvent, EnrolEffect>(EnrolState.Contacting, scope, ::reduce) {
    @Volatile
    private var enrolment: Enrolment? = null

    init {
        on(EnrolEvent.Opened(text))
    }

    override suspend fun run(effect: EnrolEffect) = when (effect) {
        is EnrolEffect.Enrol -> call(EnrolEvent::FailedWith, ::verified) { phone.enrol(effect.text) }
        EnrolEffect.WaitFinished -> underWay { call(EnrolEvent::FailedWith, EnrolEvent::Finished) { it.finished() } }
        // One that has ended meanwhile needs no end.
        EnrolEffect.Abort -> underWay { call({ EnrolEvent.Aborted }, { EnrolEvent.Aborted }) { it.abort() } }
        EnrolEffect.Close -> navigator.leave()
    }

    private fun verified(enrolment: Enrolment): EnrolEvent {
        this.enrolment = enrolment
        return EnrolEvent.Verified(enrolment.code, enrolment.serviceName, enrolment.domain)
    }

    private suspend fun underWay(step: suspend (Enrolment) -> Unit) {
        enrolment?.let { step(it) }
    }
}
