// The rules of a move on the new phone.
package nod.logic.movenew

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import nod.logic.MoveSide
import nod.logic.MoveStage
import nod.logic.MovingAccountState
import nod.logic.PhoneError
import nod.logic.does
import nod.logic.gives
import nod.logic.move
import nod.logic.root.Route

class MoveNewTest {
    private val shown = MoveNewState.CodeShown("413071", "New phone")
    private val moving = move(MoveSide.New, MoveStage.Moving, MovingAccountState.Authorised)
    private val done = move(MoveSide.New, MoveStage.Done, MovingAccountState.Moved)

    private fun MoveNewState.after(vararg events: MoveNewEvent): MoveNewState =
        events.fold(this) { state, event -> reduce(state, event).state }

    @Test
    fun `the code is shown once the old phone has proven itself`() {
        reduce(MoveNewState.Joining, MoveNewEvent.Opened("t")).gives(MoveNewState.Joining, MoveNewEffect.Join("t"))
        val joined = move(MoveSide.New, MoveStage.CodeShown("413071"))
        reduce(MoveNewState.Joining, MoveNewEvent.Joined(joined)).gives(shown, MoveNewEffect.Finish)
    }

    @Test
    fun `each account is told until the move is over`() {
        val under = shown.after(MoveNewEvent.Progress(moving))
        assertEquals<MoveNewState>(MoveNewState.Moving(moving), under)
        assertEquals<MoveNewState>(MoveNewState.Ended(done), under.after(MoveNewEvent.Progress(done)))
        assertEquals<MoveNewState>(MoveNewState.Ended(done), shown.after(MoveNewEvent.Progress(done)))
    }

    @Test
    fun `a move that ended before anything moved tells why`() {
        val left = move(MoveSide.New, MoveStage.OtherPhoneLeft)
        assertEquals<MoveNewState>(MoveNewState.Failed(PhoneError.OtherPhoneLeft), shown.after(MoveNewEvent.Progress(left)))
        val second = MoveNewState.Joining.after(MoveNewEvent.FailedWith(PhoneError.SecondPhone))
        assertEquals<MoveNewState>(MoveNewState.Failed(PhoneError.SecondPhone), second)
        val vague = shown.after(MoveNewEvent.Progress(move(MoveSide.New, MoveStage.Failed)))
        assertEquals<MoveNewState>(MoveNewState.Failed(PhoneError.WrongCode), vague.after(MoveNewEvent.FailedWith(PhoneError.WrongCode)))
    }

    @Test
    fun `a prompt that was declined stops at the account and can be tried again`() {
        val stopped = reduce(MoveNewState.Moving(moving), MoveNewEvent.FailedWith(PhoneError.UserNotVerified)).does(MoveNewEffect.LoadMove)
        reduce(stopped, MoveNewEvent.AgainPressed).gives(MoveNewState.Moving(moving), MoveNewEffect.Finish)
    }

    @Test
    fun `again goes back to the scanner and cancel ends what is under way`() {
        reduce(MoveNewState.Failed(PhoneError.UsedUp), MoveNewEvent.AgainPressed).does(MoveNewEffect.Open(Route.Scan()))
        reduce(MoveNewState.Joining, MoveNewEvent.CancelPressed).does(MoveNewEffect.Cancel)
        reduce(shown, MoveNewEvent.Cancelled).does(MoveNewEffect.Close)
        reduce(MoveNewState.Moving(moving), MoveNewEvent.Cancelled).does(MoveNewEffect.LoadMove)
        reduce(MoveNewState.Ended(done), MoveNewEvent.CancelPressed).does(MoveNewEffect.Close)
    }

    @Test
    fun `a move that was under way at the start goes on`() {
        reduce(MoveNewState.Joining, MoveNewEvent.Resumed(moving)).gives(MoveNewState.Moving(moving), MoveNewEffect.Finish)
    }

    @Test
    fun `the code is not in a description`() {
        val texts = listOf(shown, MoveNewEvent.Joined(move(MoveSide.New, MoveStage.CodeShown("413071"))), MoveNewEvent.Opened("413071"))
        assertFalse(texts.any { "413071" in it.toString() })
    }
}
