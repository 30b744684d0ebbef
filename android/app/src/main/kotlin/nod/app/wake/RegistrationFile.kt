// How registrations are written down: one line each, its parts escaped and separated by spaces.
package nod.app.wake

import java.net.URLDecoder
import java.net.URLEncoder

private const val PARTS = 7

/** The text of a file with these registrations. */
fun written(all: List<Registration>): String = all.joinToString("") { held ->
    listOf(held.relay, held.token, held.distributor, held.vapid, held.p256dh, held.auth, held.endpoint.orEmpty())
        .joinToString(" ", postfix = "\n") { URLEncoder.encode(it, "UTF-8") }
}

/** The registrations of such a text. A line that is not one is left out: the relay asks again. */
fun read(text: String): List<Registration> = text.lines().mapNotNull(::registration)

private fun registration(line: String): Registration? {
    val parts = line.split(' ')
    if (parts.size != PARTS) return null
    val plain = try {
        parts.map { URLDecoder.decode(it, "UTF-8") }
    } catch (_: IllegalArgumentException) {
        return null
    }
    val (relay, token, distributor, vapid, p256dh) = plain
    return Registration(relay, token, distributor, vapid, p256dh, auth = plain[5], endpoint = plain[6].ifEmpty { null })
}
