// Where one can be in the app.
package nod.logic.root

/** A place. Texts of QR codes are not in its text form. */
sealed interface Route {
    data object Welcome : Route
    data object Home : Route

    /** With `paste`, a text is pasted rather than scanned. */
    data class Scan(val paste: Boolean = false) : Route
    data class Enrol(val text: String) : Route {
        override fun toString() = "Enrol"
    }

    data object AddCode : Route
    data class CodeDetails(val id: String) : Route
    data class Account(val id: String) : Route
    data object History : Route
    data object Settings : Route
    data class Backup(val mode: BackupMode) : Route
    data object Licences : Route
    data object MoveOld : Route

    /** Without a text, the move that is under way is shown again. */
    data class MoveNew(val text: String?) : Route {
        override fun toString() = "MoveNew"
    }

    /** A text that came from outside the scanner. */
    data class Confirm(val text: String) : Route {
        override fun toString() = "Confirm"
    }
}

enum class BackupMode { Export, Restore }
