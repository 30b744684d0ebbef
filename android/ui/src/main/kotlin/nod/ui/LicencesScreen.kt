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
internal class Part(val name: String, val licence: String)

private const val APACHE = "Apache-2.0"
private const val EITHER = "MIT / Apache-2.0"

internal val PARTS = listOf(
    Part("Jetpack Compose, Material 3", APACHE),
    Part("Kotlin, kotlinx.coroutines", APACHE),
    Part("ZXing core", APACHE),
    Part("Java Native Access", APACHE),
    Part("UniFFI", "MPL-2.0"),
    Part("tokio, tokio-tungstenite", "MIT"),
    Part("rustls", "Apache-2.0 / ISC / MIT"),
    Part("RustCrypto: p256, sha2, hkdf, hmac, aes-gcm, chacha20poly1305, argon2", EITHER),
    Part("hpke", EITHER),
    Part("serde, serde_json", EITHER),
    Part("subtle", "BSD-3-Clause"),
    Part("zeroize, rand, thiserror, base64", EITHER),
)
