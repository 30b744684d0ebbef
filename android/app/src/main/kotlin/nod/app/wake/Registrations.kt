// The app's registrations at UnifiedPush distributors, one for each relay, and what follows from each message.
package nod.app.wake

/** One registration. Its text form shows nothing of it. */
data class Registration(
    /** The relay that wakes the phone up with it, `host[:port]`. */
    val relay: String,
    /** What the distributor knows it by. */
    val token: String,
    /** The package of the distributor. */
    val distributor: String,
    /** The relay's VAPID key, base64url of 65 bytes. */
    val vapid: String,
    /** The subscription's public key (RFC 8291), base64url of 65 bytes. */
    val p256dh: String,
    /** The subscription's authentication secret, base64url of 16 bytes. */
    val auth: String,
    /** Where messages are to be sent; none before the distributor has said so. */
    val endpoint: String? = null,
) {
    override fun toString() = "Registration(relay=$relay)"
}

/** What is to be done. */
sealed interface PushEffect {
    data class Register(val registration: Registration) : PushEffect
    data class Unregister(val registration: Registration) : PushEffect
    data class Acknowledge(val registration: Registration, val id: String) : PushEffect {
        override fun toString() = "Acknowledge($registration)"
    }

    /** The relays are to be told that the address has changed. */
    data object TellRelays : PushEffect
    data object WakeUp : PushEffect
}

/** The registrations, and what is to be done. */
data class PushStep(val all: List<Registration>, val effects: List<PushEffect> = emptyList())

/** A relay asks where it can wake the phone up, by the VAPID key `vapid`. Without a distributor it cannot. */
fun asked(
    all: List<Registration>,
    relay: String,
    vapid: String,
    distributor: String?,
    fresh: () -> Registration,
): PushStep {
    val held = all.firstOrNull { it.relay == relay }
    if (held != null && held.vapid == vapid && held.distributor == distributor) return PushStep(all)
    val others = all - setOfNotNull(held)
    val gone = listOfNotNull(held).map { PushEffect.Unregister(it) }
    if (distributor == null) return PushStep(others, gone)
    val made = fresh()
    return PushStep(others + made, gone + PushEffect.Register(made))
}

/** The app begins: distributors are told again what is registered, as they may have lost it. */
fun begun(all: List<Registration>): PushStep = PushStep(all, all.map { PushEffect.Register(it) })

/** Only these relays still have something to do with this phone. */
fun kept(all: List<Registration>, relays: Set<String>): PushStep {
    val (stay, go) = all.partition { it.relay in relays }
    return PushStep(stay, go.map { PushEffect.Unregister(it) })
}

/** What follows from a message. One for a registration that is not known is ignored. */
fun told(all: List<Registration>, message: PushMessage): PushStep {
    val held = all.firstOrNull { it.token == message.token } ?: return PushStep(all)
    return when (message) {
        is PushMessage.NewEndpoint -> {
            val acknowledged = listOfNotNull(message.id).map { PushEffect.Acknowledge(held, it) }
            if (held.endpoint == message.endpoint) {
                PushStep(all, acknowledged)
            } else {
                val moved = held.copy(endpoint = message.endpoint)
                PushStep(all.map { if (it == held) moved else it }, acknowledged + PushEffect.TellRelays)
            }
        }
        // A token that was refused is not used again: the next time a relay asks there is a fresh one. Once there is an
        // endpoint, a refusal comes too late to mean anything.
        is PushMessage.Failed -> if (held.endpoint != null) PushStep(all) else PushStep(all - held)
        is PushMessage.Unregistered -> PushStep(all - held, listOf(PushEffect.TellRelays))
        is PushMessage.Message ->
            PushStep(all, listOfNotNull(message.id).map { PushEffect.Acknowledge(held, it) } + PushEffect.WakeUp)
    }
}

/** Which distributor is used: the one so far while it is there, else the system's default, else the only one. */
fun chosenDistributor(installed: List<String>, soFar: String?, default: String?): String? =
    soFar?.takeIf { it in installed } ?: default?.takeIf { it in installed } ?: installed.singleOrNull()
