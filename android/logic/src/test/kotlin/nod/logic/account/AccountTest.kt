// The rules of an account, of the history and of one-time codes.
package nod.logic.account

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import nod.logic.PhoneError
import nod.logic.TypedCode
import nod.logic.account
import nod.logic.code.AddCodeEffect
import nod.logic.code.AddCodeEvent
import nod.logic.code.AddCodeState
import nod.logic.code.CodeDetailsEffect
import nod.logic.code.CodeDetailsEvent
import nod.logic.code.CodeDetailsState
import nod.logic.code.reduce
import nod.logic.does
import nod.logic.gives
import nod.logic.history.HistoryEvent
import nod.logic.history.HistoryState
import nod.logic.history.reduce
import nod.logic.timed

class AccountTest {
    private val loaded = reduce(AccountState("a"), AccountEvent.Loaded(account())).state

    private fun AccountState.after(vararg events: AccountEvent): AccountState =
        events.fold(this) { state, event -> reduce(state, event).state }

    @Test
    fun `a name is saved when it is another one`() {
        reduce(loaded, AccountEvent.SavePressed).gives(loaded)
        reduce(loaded.after(AccountEvent.LabelChanged("  ")), AccountEvent.SavePressed).does()
        val changed = loaded.after(AccountEvent.LabelChanged(" Ada "))
        val saving = reduce(changed, AccountEvent.SavePressed).does(AccountEffect.Rename("Ada"))
        reduce(saving, AccountEvent.SavePressed).gives(saving)
        val saved = saving.after(AccountEvent.Saved)
        assertEquals(Triple("Ada", true, false), Triple(saved.account?.label, saved.saved, saved.canSave))
    }

    @Test
    fun `what is being typed is not replaced by what is read`() {
        val typed = loaded.after(AccountEvent.LabelChanged("Ada"))
        assertEquals("Ada", typed.after(AccountEvent.Loaded(account(label = "other"))).label)
    }

    @Test
    fun `a removal is asked about`() {
        reduce(loaded, AccountEvent.RemoveConfirmed).gives(loaded)
        val asking = loaded.after(AccountEvent.RemovePressed)
        assertFalse(asking.after(AccountEvent.RemoveDismissed).askRemove)
        reduce(asking, AccountEvent.RemoveConfirmed).does(AccountEffect.Remove)
        reduce(asking, AccountEvent.Removed).does(AccountEffect.Close)
    }

    @Test
    fun `a service's key is agreed to only where it asks`() {
        assertFalse(loaded.after(AccountEvent.KeyChangePressed).askKeyChange)
        reduce(loaded, AccountEvent.KeyChangeConfirmed).gives(loaded)
        val asks = loaded.after(AccountEvent.Loaded(account().copy(asksToVerifyItself = "thumbprint")))
        reduce(asks.after(AccountEvent.KeyChangePressed), AccountEvent.KeyChangeConfirmed).does(AccountEffect.ConfirmKeyChange)
        reduce(asks, AccountEvent.KeyChanged).does(AccountEffect.Load)
    }

    @Test
    fun `an entry of the history opens and closes`() {
        val open = reduce(HistoryState(), HistoryEvent.EntryPressed("c")).does()
        assertEquals("c", open.expanded)
        assertEquals("d", reduce(open, HistoryEvent.EntryPressed("d")).state.expanded)
        assertEquals(null, reduce(open, HistoryEvent.EntryPressed("c")).state.expanded)
    }

    @Test
    fun `a code moves up and down within the list`() {
        val list = listOf(timed("one", 1.0), timed("two", 1.0))
        val second = reduce(CodeDetailsState("two"), CodeDetailsEvent.Loaded(list)).does()
        reduce(second, CodeDetailsEvent.DownPressed).gives(second)
        reduce(second, CodeDetailsEvent.UpPressed).does(CodeDetailsEffect.Move(0))
        val gone = reduce(CodeDetailsState("three"), CodeDetailsEvent.Loaded(list)).does()
        assertEquals<PhoneError?>(PhoneError.NotFound, gone.error)
    }

    @Test
    fun `a code is renamed and removed after a question`() {
        val loaded = reduce(CodeDetailsState("one"), CodeDetailsEvent.Loaded(listOf(timed("one", 1.0)))).does()
        reduce(loaded, CodeDetailsEvent.SavePressed).gives(loaded)
        val typed = reduce(loaded, CodeDetailsEvent.IssuerChanged("Deux ")).does()
        reduce(typed, CodeDetailsEvent.SavePressed).does(CodeDetailsEffect.Rename("Deux", "ada"))
        reduce(loaded, CodeDetailsEvent.RemoveConfirmed).gives(loaded)
        val asking = reduce(loaded, CodeDetailsEvent.RemovePressed).does()
        reduce(asking, CodeDetailsEvent.RemoveConfirmed).does(CodeDetailsEffect.Remove)
    }

    @Test
    fun `a typed code needs a secret and a name`() {
        val secret = reduce(AddCodeState(), AddCodeEvent.SecretChanged("GEZD GNBV")).does()
        reduce(secret, AddCodeEvent.AddPressed).gives(secret)
        val named = reduce(reduce(secret, AddCodeEvent.IssuerChanged(" One ")).state, AddCodeEvent.DigitsChosen(8)).state
        val adding = reduce(named, AddCodeEvent.AddPressed).does(AddCodeEffect.Add(TypedCode("One", "", "GEZD GNBV", 8, 30)))
        reduce(adding, AddCodeEvent.AddPressed).gives(adding)
        reduce(adding, AddCodeEvent.Added).does(AddCodeEffect.Close)
        assertFalse("GEZD" in adding.toString() + AddCodeEvent.SecretChanged("GEZD") + AddCodeEffect.Add(TypedCode("", "", "GEZD")))
    }
}
