// What the window does for a screen: closed to screenshots or not, kept lit or not; and when Back is the app's own.
package nod.app

import nod.logic.root.RootState
import nod.logic.root.Route

/** Whether what is shown may not be seen in a screenshot or in the list of recent apps. What is not known to be harmless is. */
fun isSecret(root: RootState): Boolean {
    if (!root.started || root.challenge != null) return true
    return when (root.shown) {
        Route.Welcome, is Route.Account, Route.History, Route.Settings, Route.Licences -> false
        // One-time codes, check codes, QR codes, passphrases, and texts with secrets.
        Route.Home, Route.AddCode, is Route.CodeDetails, is Route.Backup, is Route.Scan, is Route.Confirm, is Route.Enrol,
        Route.MoveOld, is Route.MoveNew,
        -> true
    }
}

/** Whether the screen stays lit: what it shows is being typed elsewhere, or asks for an answer within seconds. */
fun staysLit(root: RootState): Boolean = root.challenge != null || when (root.shown) {
    is Route.Enrol, Route.MoveOld, is Route.MoveNew -> !root.locked
    else -> false
}

/** Whether Back goes back within the app. Otherwise it is the system's, which leaves it and shows so beforehand. */
fun backStays(root: RootState): Boolean = root.challenge == null && !root.locked && root.stack.size > 1
