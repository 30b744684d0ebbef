// What a UnifiedPush distributor says to this app (specification AND_3.0.0), read from the parts of an intent.
package nod.app.wake

/** What the intents of UnifiedPush are called. */
object PushActions {
    const val REGISTER = "org.unifiedpush.android.distributor.REGISTER"
    const val UNREGISTER = "org.unifiedpush.android.distributor.UNREGISTER"
    const val ACKNOWLEDGE = "org.unifiedpush.android.distributor.MESSAGE_ACK"
    const val NEW_ENDPOINT = "org.unifiedpush.android.connector.NEW_ENDPOINT"
    const val FAILED = "org.unifiedpush.android.connector.REGISTRATION_FAILED"
    const val UNREGISTERED = "org.unifiedpush.android.connector.UNREGISTERED"
    const val MESSAGE = "org.unifiedpush.android.connector.MESSAGE"
    const val LINK = "unifiedpush://link"
}

/** One message of a distributor. `token` names the registration and is known to this app and its distributor alone. */
sealed interface PushMessage {
    val token: String

    /** Messages are to be sent to `endpoint` from now on. */
    data class NewEndpoint(override val token: String, val endpoint: String, val id: String?) : PushMessage {
        override fun toString() = "NewEndpoint"
    }

    data class Failed(override val token: String) : PushMessage {
        override fun toString() = "Failed"
    }

    data class Unregistered(override val token: String) : PushMessage {
        override fun toString() = "Unregistered"
    }

    /** Somebody wakes the phone up. What the message holds is not read: it says nothing. */
    data class Message(override val token: String, val id: String?) : PushMessage {
        override fun toString() = "Message"
    }
}

private const val LONGEST_TOKEN = 100
private const val LONGEST_ENDPOINT = 1000

/** Reads a message. None for what the specification does not allow: it is ignored. */
fun pushMessage(action: String?, extra: (String) -> String?): PushMessage? {
    val token = extra("token")?.takeIf { it.isNotEmpty() && it.length <= LONGEST_TOKEN } ?: return null
    val id = extra("id")?.takeIf { it.length <= LONGEST_TOKEN }
    return when (action) {
        PushActions.NEW_ENDPOINT ->
            extra("endpoint")?.takeIf(::isEndpoint)?.let { PushMessage.NewEndpoint(token, it, id) }
        PushActions.FAILED -> PushMessage.Failed(token)
        PushActions.UNREGISTERED -> PushMessage.Unregistered(token)
        PushActions.MESSAGE -> PushMessage.Message(token, id)
        else -> null
    }
}

/** The core and the relay look closer; here it is about what a distributor may say at all. */
private fun isEndpoint(text: String) =
    text.startsWith("https://") && text.length <= LONGEST_ENDPOINT && text.all { it in '!'..'~' }
