// The rules of a move on the old phone.
package nod.logic.moveold

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue
import nod.logic.MoveSide
import nod.logic.MoveStage
import nod.logic.MovingAccountState
import nod.logic.PhoneError
import nod.logic.does
import nod.logic.gives
import nod.logic.move

class MoveOldTest {
    private val waiting = move(MoveSide.Old, MoveStage.AwaitingCode, MovingAccountState.Announced)
    private val moving = move(MoveSide.Old, MoveStage.Moving, MovingAccountState.Authorised)
    private val done = move(MoveSide.Old, MoveStage.Done, MovingAccountState.Moved, codesArrived = true)
    private val qr = MoveOldState.Qr("nod:1/m?x", deadline = 220.0, now = 100.0)
    private val code = MoveOldState.Code("New phone", deadline = 220.0, now = 130.0)

    private fun MoveOldState.after(vararg events: MoveOldEvent): MoveOldState =
        events.fold(this) { state, event -> reduce(state, event).state }

    @Test
    fun `it warns first, then shows the QR code, then asks for the digits`() {
        val warning = MoveOldState.Warning(0, 0).after(MoveOldEvent.Opened(2, 3))
        assertEquals<MoveOldState>(MoveOldState.Warning(2, 3), warning)
        reduce(warning, MoveOldEvent.StartPressed).gives(MoveOldState.Opening, MoveOldEffect.Offer)
        reduce(MoveOldState.Opening, MoveOldEvent.Offered("nod:1/m?x", 120.0, 100.0)).gives(qr, MoveOldEffect.WaitJoined)
        reduce(qr, MoveOldEvent.Joined(waiting, 130.0)).gives(code)
    }

    @Test
    fun `the time runs down on the QR code and on the digits`() {
        assertEquals(20, assertIs<MoveOldState.Qr>(qr.after(MoveOldEvent.Tick(200.0))).left)
        assertEquals(0, assertIs<MoveOldState.Code>(code.after(MoveOldEvent.Tick(230.0))).left)
    }

    @Test
    fun `fewer than six digits are no guess and six are one`() {
        val five = code.after(MoveOldEvent.DigitsTyped("12345"))
        reduce(five, MoveOldEvent.ConfirmPressed).gives(five)
        val six = code.after(MoveOldEvent.DigitsTyped("1234567"))
        val sending = reduce(six, MoveOldEvent.ConfirmPressed).does(MoveOldEffect.Confirm("123456"))
        reduce(sending, MoveOldEvent.ConfirmPressed).gives(sending)
        reduce(sending, MoveOldEvent.DigitsTyped("654321")).gives(sending)
        val again = sending.after(MoveOldEvent.FailedWith(PhoneError.NotSixDigits))
        assertEquals<PhoneError?>(PhoneError.NotSixDigits, assertIs<MoveOldState.Code>(again).error)
        assertEquals<MoveOldState>(MoveOldState.Failed(PhoneError.WrongCode), sending.after(MoveOldEvent.FailedWith(PhoneError.WrongCode)))
    }

    @Test
    fun `a move that ended before the digits were right tells why and not what moved`() {
        val sending = code.after(MoveOldEvent.DigitsTyped("123456"), MoveOldEvent.ConfirmPressed)
        val over = move(MoveSide.Old, MoveStage.Failed, MovingAccountState.Announced)
        assertEquals(sending, sending.after(MoveOldEvent.Progress(over)))
        assertEquals<MoveOldState>(MoveOldState.Failed(PhoneError.SecondPhone), code.after(MoveOldEvent.FailedWith(PhoneError.SecondPhone)))
    }

    @Test
    fun `after the right digits each account is told until the move is over`() {
        val sending = code.after(MoveOldEvent.DigitsTyped("123456"), MoveOldEvent.ConfirmPressed)
        val confirmed = reduce(sending, MoveOldEvent.Confirmed).does(MoveOldEffect.Finish, MoveOldEffect.LoadMove)
        assertEquals<MoveOldState>(MoveOldState.Moving(moving), confirmed.after(MoveOldEvent.Progress(moving)))
        assertEquals<MoveOldState>(MoveOldState.Ended(done), confirmed.after(MoveOldEvent.Progress(moving), MoveOldEvent.Progress(done)))
        assertEquals<MoveOldState>(MoveOldState.Ended(done), confirmed.after(MoveOldEvent.Progress(done)))
    }

    @Test
    fun `a prompt that was declined stops at the account and can be tried again`() {
        val stopped = reduce(MoveOldState.Moving(moving), MoveOldEvent.FailedWith(PhoneError.UserNotVerified))
            .does(MoveOldEffect.LoadMove)
        val told = assertIs<MoveOldState.Moving>(stopped.after(MoveOldEvent.Progress(moving)))
        assertEquals<PhoneError?>(PhoneError.UserNotVerified, told.error)
        reduce(stopped, MoveOldEvent.AgainPressed).gives(MoveOldState.Moving(moving), MoveOldEffect.Finish)
    }

    @Test
    fun `codes are deleted once and only when they have arrived`() {
        val ended = MoveOldState.Ended(done)
        val deleting = reduce(ended, MoveOldEvent.DeleteCodesPressed).does(MoveOldEffect.DeleteCodes)
        reduce(deleting, MoveOldEvent.DeleteCodesPressed).gives(deleting)
        val deleted = assertIs<MoveOldState.Ended>(deleting.after(MoveOldEvent.CodesDeleted(2)))
        assertEquals(2 to false, deleted.deleted to deleted.canDelete)
        val without = MoveOldState.Ended(done.copy(codesArrived = false))
        reduce(without, MoveOldEvent.DeleteCodesPressed).gives(without)
    }

    @Test
    fun `cancel ends what is under way and closes what is not`() {
        reduce(MoveOldState.Warning(1, 0), MoveOldEvent.CancelPressed).does(MoveOldEffect.Close)
        for (state in listOf(MoveOldState.Opening, qr, code, MoveOldState.Moving(moving))) {
            reduce(state, MoveOldEvent.CancelPressed).does(MoveOldEffect.Cancel)
        }
        reduce(qr, MoveOldEvent.Cancelled).does(MoveOldEffect.Close)
        reduce(MoveOldState.Moving(moving), MoveOldEvent.Cancelled).does(MoveOldEffect.LoadMove)
    }

    @Test
    fun `a move that was under way at the start goes on`() {
        reduce(MoveOldState.Warning(0, 0), MoveOldEvent.Resumed(moving, 0.0)).gives(MoveOldState.Moving(moving), MoveOldEffect.Finish)
        assertIs<MoveOldState.Code>(MoveOldState.Warning(0, 0).after(MoveOldEvent.Resumed(waiting, 0.0)))
        val offered = move(MoveSide.Old, MoveStage.Offered)
        reduce(MoveOldState.Warning(0, 0), MoveOldEvent.Resumed(offered, 0.0))
            .gives(MoveOldState.Failed(PhoneError.Expired), MoveOldEffect.Forget)
    }

    @Test
    fun `a failed move can be begun again`() {
        reduce(MoveOldState.Failed(PhoneError.WrongCode), MoveOldEvent.AgainPressed).gives(MoveOldState.Opening, MoveOldEffect.Offer)
    }

    @Test
    fun `neither QR text nor digits are in a description`() {
        val typed = code.after(MoveOldEvent.DigitsTyped("123456"))
        assertTrue(assertIs<MoveOldState.Code>(typed).canConfirm)
        val texts = listOf(qr, typed, MoveOldEvent.DigitsTyped("123456"), MoveOldEffect.Confirm("123456"))
        assertFalse(texts.any { "nod:1" in it.toString() || "123456" in it.toString() })
    }
}
