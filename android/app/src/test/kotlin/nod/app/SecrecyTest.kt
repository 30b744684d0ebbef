// Which screens are closed to screenshots, which stay lit, and where Back leads.
package nod.app

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import nod.logic.root.BackupMode
import nod.logic.root.RootState
import nod.logic.root.Route

class SecrecyTest {
    private fun at(route: Route) = RootState(started = true, stack = listOf(Route.Home, route))

    @Test
    fun `codes, QR codes, check codes, passphrases and links are secret`() {
        val secret = listOf(
            Route.Home, Route.Scan(), Route.Scan(paste = true), Route.Enrol("x"), Route.AddCode, Route.CodeDetails("x"),
            Route.Backup(BackupMode.Export), Route.Backup(BackupMode.Restore), Route.MoveOld, Route.MoveNew(null), Route.Confirm("x"),
        )
        secret.forEach { assertTrue(isSecret(at(it)), "$it") }
    }

    @Test
    fun `other screens are not`() {
        val harmless = listOf(Route.Welcome, Route.Account("x"), Route.History, Route.Settings, Route.Licences)
        harmless.forEach { assertFalse(isSecret(at(it)), "$it") }
    }

    @Test
    fun `a challenge is secret above any screen, and so is what has not begun`() {
        assertTrue(isSecret(at(Route.Settings).copy(challenge = "c")))
        assertTrue(isSecret(RootState(stack = listOf(Route.Settings))))
    }

    @Test
    fun `the display stays lit while codes are typed elsewhere, and for a challenge`() {
        val lit = listOf(at(Route.Enrol("x")), at(Route.MoveOld), at(Route.MoveNew("x")), at(Route.Settings).copy(challenge = "c"))
        lit.forEach { assertTrue(staysLit(it), "$it") }
        val dark = listOf(at(Route.Settings), RootState(started = true, stack = listOf(Route.Home)), at(Route.MoveOld).copy(locked = true))
        dark.forEach { assertFalse(staysLit(it), "$it") }
    }

    @Test
    fun `Back leaves the app from the bottom, from a challenge and from the lock`() {
        assertTrue(backStays(at(Route.Settings)))
        val leaves = listOf(
            RootState(started = true, stack = listOf(Route.Home)),
            at(Route.Settings).copy(challenge = "c"),
            at(Route.Settings).copy(locked = true),
        )
        assertEquals(listOf(false, false, false), leaves.map(::backStays))
    }
}
