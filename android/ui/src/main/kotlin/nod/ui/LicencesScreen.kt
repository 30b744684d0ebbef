// The licences of what the app is built on.
package nod.ui

import androidx.compose.runtime.Composable
import nod.logic.licences.LicencesEvent
import nod.logic.licences.LicencesState
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Back
import nod.ui.components.CardOf
import nod.ui.components.CardRow
import nod.ui.components.Explanation
import nod.ui.components.Page

@Composable
fun LicencesScreen(@Suppress("UNUSED_PARAMETER") state: LicencesState, words: Words, on: (LicencesEvent) -> Unit) {
    Page(words[Word.LICENCES_TITLE], back = Back(words[Word.BACK]) { on(LicencesEvent.BackPressed) }) {
        Explanation(words[Word.LICENCES_TEXT])
        CardOf(PARTS) { CardRow(it.name, listOf(it.licence)) }
    }
}

/** What is in the app, and the licence that it is used under; both are names and read the same in every language. */
class Part(val name: String, val licence: String)

private const val APACHE = "Apache-2.0"
private const val EITHER = "MIT / Apache-2.0"

/** The parts of the app. */
val PARTS = listOf(
    Part("Jetpack Compose, Material 3", APACHE),
    Part("Kotlin, kotlinx.coroutines", APACHE),
    Part("ZXing core", APACHE),
    Part("Java Native Access", "Apache-2.0 / LGPL-2.1"),
    Part("UniFFI", "MPL-2.0"),
    Part("tokio, tokio-tungstenite, tracing", "MIT"),
    Part("rustls", "Apache-2.0 / ISC / MIT"),
    Part("rustls-webpki", "ISC"),
    Part("webpki-roots", "CDLA-Permissive-2.0"),
    Part("ring", "Apache-2.0, ISC"),
    Part("RustCrypto: p256, aes-gcm, argon2, hkdf, hmac, sha2", EITHER),
    Part("hpke, rand, zeroize", EITHER),
    Part("serde, serde_json, thiserror, base64", EITHER),
    Part("subtle", "BSD-3-Clause"),
)
