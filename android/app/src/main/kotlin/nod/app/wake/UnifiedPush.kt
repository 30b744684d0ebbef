// UnifiedPush: registers at the distributor that the user has installed, and answers it.
package nod.app.wake

import android.app.BroadcastOptions
import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import java.io.File
import nod.app.keys.readWhole
import nod.app.keys.writeWhole
import nod.logic.WakeChoice
import nod.logic.WakeToken

/** `changed` is called when the relays are to be told, `woken` when somebody wakes the phone up. */
class UnifiedPush(
    private val context: Context,
    private val changed: () -> Unit,
    private val woken: () -> Unit,
) : WakePort {
    private val file = File(context.noBackupFilesDir, "unifiedpush")
    private var all: List<Registration> = readWhole(file)?.let { read(it.decodeToString()) } ?: emptyList()
    private var soFar: String? = all.firstOrNull()?.distributor

    /** Whether a relay would wake this phone up, if there were a distributor. */
    private var wanted = false

    override fun token(choice: WakeChoice): WakeToken? {
        val vapid = choice.webPush ?: return null
        val now = step {
            val distributor = chosenDistributor(installed(), soFar, default())
            soFar = distributor
            wanted = true
            asked(it, choice.relay, vapid, distributor) { freshRegistration(choice.relay, vapid, distributor.orEmpty()) }
        }
        val held = now.firstOrNull { it.relay == choice.relay }
        return held?.endpoint?.let { WakeToken.WebPush(it, held.p256dh, held.auth) }
    }

    override fun begin() {
        step(::begun)
    }

    /** Forgets relays that have nothing to do with this phone any more. */
    fun keep(relays: Set<String>) {
        step { kept(it, relays) }
    }

    /** Takes what a distributor says. */
    fun take(message: PushMessage) {
        step { told(it, message) }
    }

    /** What asks the user for a distributor: once, where there are several and none is the system's default. */
    @Synchronized
    fun chooser(): Intent? {
        val installed = installed()
        if (!wanted || installed.size < 2 || chosenDistributor(installed, soFar, default()) != null) return null
        wanted = false
        return Intent(Intent.ACTION_VIEW, Uri.parse(PushActions.LINK))
    }

    /** The user has chosen: `answer` is what the chooser gave back. */
    fun chosen(answer: Intent?) {
        val who = answer?.let(::sender)?.creatorPackage ?: return
        if (who !in installed()) return
        synchronized(this) { soFar = who }
        changed()
    }

    /** One step at a time; what it leads to is done afterwards, as the core may ask for a token in the meantime. */
    private fun step(next: (List<Registration>) -> PushStep): List<Registration> {
        val step = synchronized(this) {
            next(all).also {
                if (it.all != all) {
                    all = it.all
                    writeWhole(file, written(all).toByteArray())
                }
            }
        }
        step.effects.forEach(::carryOut)
        return step.all
    }

    private fun carryOut(effect: PushEffect) = when (effect) {
        is PushEffect.Register -> send(PushActions.REGISTER, effect.registration) {
            putExtra("vapid", effect.registration.vapid)
            putExtra("message", "Nod")
        }
        is PushEffect.Unregister -> send(PushActions.UNREGISTER, effect.registration) {}
        is PushEffect.Acknowledge -> send(PushActions.ACKNOWLEDGE, effect.registration) { putExtra("id", effect.id) }
        PushEffect.TellRelays -> changed()
        PushEffect.WakeUp -> woken()
    }

    private fun send(action: String, registration: Registration, extras: Intent.() -> Unit) {
        val intent = Intent(action)
            .setPackage(registration.distributor)
            .addFlags(Intent.FLAG_RECEIVER_FOREGROUND)
            .putExtra("token", registration.token)
            .apply(extras)
        // The distributor has to know whom it may write to.
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
            val options = BroadcastOptions.makeBasic().setShareIdentityEnabled(true)
            context.sendBroadcast(intent, null, options.toBundle())
        } else {
            intent.putExtra("pi", identity())
            // What distributors before version 3 of the specification go by.
            intent.putExtra("application", context.packageName)
            context.sendBroadcast(intent)
        }
    }

    /** Says who this app is, and can do nothing else: it leads to a package that nobody has. */
    private fun identity(): PendingIntent = PendingIntent.getBroadcast(
        context,
        0,
        Intent().setPackage("org.unifiedpush.dummy_app"),
        PendingIntent.FLAG_IMMUTABLE,
    )

    private fun installed(): List<String> =
        context.packageManager.queryBroadcastReceivers(Intent(PushActions.REGISTER), 0)
            .map { it.activityInfo.packageName }
            .distinct()

    private fun default(): String? {
        val link = Intent(Intent.ACTION_VIEW, Uri.parse(PushActions.LINK))
        return context.packageManager.resolveActivity(link, PackageManager.MATCH_DEFAULT_ONLY)?.activityInfo?.packageName
    }
}

@Suppress("DEPRECATION") // The typed one is of Android 13.
private fun sender(answer: Intent): PendingIntent? = answer.getParcelableExtra("pi")
