// The rules of adding an account.
package nod.logic.enrol

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import nod.logic.PhoneError
import nod.logic.account
import nod.logic.does
import nod.logic.gives

class EnrolTest {
    private val code = EnrolState.Code("413071", "Fjordbanken", "fjordbanken.example")

    @Test
    fun `the code is shown once the service has proven itself, and then its end is awaited`() {
        reduce(EnrolState.Contacting, EnrolEvent.Opened("t")).gives(EnrolState.Contacting, EnrolEffect.Enrol("t"))
        val verified = EnrolEvent.Verified("413071", "Fjordbanken", "fjordbanken.example")
        reduce(EnrolState.Contacting, verified).gives(code, EnrolEffect.WaitFinished)
        reduce(code, EnrolEvent.Finished(account())).gives(EnrolState.Added(account()))
    }

    @Test
    fun `cancel closes at once while contacting and aborts first with the code shown`() {
        reduce(EnrolState.Contacting, EnrolEvent.CancelPressed).does(EnrolEffect.Close)
        val cancelling = reduce(code, EnrolEvent.CancelPressed).does(EnrolEffect.Abort)
        reduce(cancelling, EnrolEvent.CancelPressed).gives(cancelling)
        reduce(cancelling, EnrolEvent.FailedWith(PhoneError.EnrolmentEnded)).gives(cancelling)
        reduce(cancelling, EnrolEvent.Aborted).does(EnrolEffect.Close)
    }

    @Test
    fun `an account that was faster than the cancelling is shown`() {
        val cancelling = reduce(code, EnrolEvent.CancelPressed).state
        val added = reduce(cancelling, EnrolEvent.Finished(account())).state
        reduce(added, EnrolEvent.Aborted).gives(EnrolState.Added(account()))
    }

    @Test
    fun `a failure is said and can only be closed`() {
        val failed = EnrolState.Failed(PhoneError.WrongService)
        assertEquals<EnrolState>(failed, reduce(EnrolState.Contacting, EnrolEvent.FailedWith(PhoneError.WrongService)).state)
        reduce(failed, EnrolEvent.ClosePressed).does(EnrolEffect.Close)
        reduce(failed, EnrolEvent.CancelPressed).does(EnrolEffect.Close)
    }

    @Test
    fun `the check code is not in a description`() {
        val texts = listOf(code, EnrolEvent.Verified("413071", "F", null), EnrolEffect.Enrol("413071"), EnrolEvent.Opened("413071"))
        assertFalse(texts.any { "413071" in it.toString() })
    }
}
