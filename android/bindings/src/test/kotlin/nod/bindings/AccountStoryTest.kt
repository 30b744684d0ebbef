// What becomes of an account on the real core: renamed, removed by the user, revoked by its service.
package nod.bindings

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlinx.coroutines.runBlocking
import nod.bindings.world.DOMAIN
import nod.bindings.world.Person
import nod.bindings.world.awaits
import nod.bindings.world.world
import nod.logic.PhoneError
import nod.logic.account.AccountEvent
import nod.logic.account.AccountPresenter
import nod.logic.home.HomeEvent
import nod.logic.home.HomePresenter
import nod.logic.root.Route

class AccountStoryTest {
    /** Opens the only account from the list at home. */
    private fun Person.opensAccount(): AccountPresenter {
        val home = at<HomePresenter>(Route.Home)
        val id = home.awaits { it.accounts.isNotEmpty() }.accounts.single().id
        home.on(HomeEvent.AccountPressed(id))
        return at<AccountPresenter>(Route.Account(id)).also { account -> account.awaits { it.account != null } }
    }

    @Test
    fun `an account is called what the user calls it`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val account = alice.opensAccount()
        assertEquals(DOMAIN to false, account.state.value.account?.run { domain to verifiesItself })
        account.on(AccountEvent.LabelChanged("\u202Eevil"))
        account.on(AccountEvent.SavePressed)
        assertEquals(PhoneError.BadName, account.awaits { it.error != null }.error)
        account.on(AccountEvent.LabelChanged(" My bank "))
        account.on(AccountEvent.SavePressed)
        account.awaits { it.saved }
        account.on(AccountEvent.BackPressed)
        alice.at<HomePresenter>(Route.Home).awaits { state -> state.accounts.map { it.label } == listOf("My bank") }
    }

    @Test
    fun `an account that the user removes is gone and another can be added`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val account = alice.opensAccount()
        account.on(AccountEvent.RemovePressed)
        account.on(AccountEvent.RemoveConfirmed)
        alice.root.awaits { it.stack == listOf(Route.Welcome) }
        assertEquals(emptyList(), runBlocking { alice.phone.accounts() })
        alice.enrols(login, "alice")
        assertEquals(1, runBlocking { alice.phone.accounts() }.size)
    }

    @Test
    fun `an account that its service revokes goes by itself`() = world {
        val alice = person()
        alice.enrols(login, "alice")
        val id = runBlocking { alice.phone.accounts() }.single().id
        login.run("revoke", "alice", id)
        alice.root.awaits { it.stack == listOf(Route.Welcome) }
        assertEquals(emptyList(), runBlocking { alice.phone.accounts() })
    }
}
