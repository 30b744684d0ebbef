// Shows notices, and takes them away when their challenges end.
package nod.app.notify

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.graphics.drawable.Icon
import android.net.Uri
import android.os.Build
import nod.app.MainActivity
import nod.app.R
import nod.logic.words.Word
import nod.logic.words.Words

/** The notification of the short service. */
const val CONNECTING = 1

private const val REQUEST = 2
private const val OUTCOME = 3
private const val REQUESTS = "requests"
private const val CONNECTIONS = "connections"
private const val OUTCOME_STAYS_MS = 8_000L

class Notifications(private val context: Context, private val words: () -> Words) {
    private val manager = requireNotNull(context.getSystemService(NotificationManager::class.java))

    /** Makes the channels, with names in the phone's language; again after it has changed. */
    fun makeChannels() {
        val requests = NotificationChannel(
            REQUESTS,
            context.getString(R.string.channel_requests),
            NotificationManager.IMPORTANCE_HIGH,
        )
        requests.lockscreenVisibility = Notification.VISIBILITY_PRIVATE
        val connections = NotificationChannel(
            CONNECTIONS,
            context.getString(R.string.channel_connecting),
            NotificationManager.IMPORTANCE_LOW,
        )
        connections.setShowBadge(false)
        manager.createNotificationChannels(listOf(requests, connections))
    }

    /** Whether the user sees notifications of challenges. */
    fun allowed(): Boolean =
        manager.areNotificationsEnabled() &&
            manager.getNotificationChannel(REQUESTS)?.importance != NotificationManager.IMPORTANCE_NONE

    /** Shows a challenge. */
    fun show(notice: Notice) {
        val deny = action(R.drawable.ic_deny, notice.deny, denying(notice.id))
        val approve = Notification.Action.Builder(icon(R.drawable.ic_approve), notice.approve, opening())
        // The phone is unlocked first; number and fingerprint are asked for in the app.
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) approve.setAuthenticationRequired(true)
        val shown = request(notice)
            .setContentTitle(notice.title)
            .setContentText(notice.text)
            .setVisibility(Notification.VISIBILITY_PRIVATE)
            .setPublicVersion(request(notice).setContentTitle(notice.hidden).addAction(deny).build())
            .addAction(deny)
            .addAction(approve.build())
            .build()
        manager.notify(notice.id, REQUEST, shown)
    }

    /** The challenge has ended. */
    fun remove(challenge: String) = manager.cancel(challenge, REQUEST)

    /** Which challenges have a notification. */
    fun shown(): List<String> = manager.activeNotifications.filter { it.id == REQUEST }.mapNotNull { it.tag }

    /** Says what became of a denial, for a moment. */
    fun say(challenge: String, text: String) {
        val said = Notification.Builder(context, REQUESTS)
            .setSmallIcon(R.drawable.ic_notification)
            .setContentTitle(text)
            .setContentIntent(opening())
            .setVisibility(Notification.VISIBILITY_PRIVATE)
            .setPublicVersion(plain(REQUESTS).build())
            .setTimeoutAfter(OUTCOME_STAYS_MS)
            .setAutoCancel(true)
            .setOnlyAlertOnce(true)
        manager.notify(challenge, OUTCOME, said.build())
    }

    /** What the short service shows, where the system shows it at all. */
    fun connecting(): Notification = plain(CONNECTIONS)
        .setContentTitle(words().text(Word.NOTIFICATION_CONNECTING))
        .setContentIntent(opening())
        .setCategory(Notification.CATEGORY_SERVICE)
        .build()

    private fun plain(channel: String) = Notification.Builder(context, channel).setSmallIcon(R.drawable.ic_notification)

    private fun request(notice: Notice) = plain(REQUESTS)
        .setContentIntent(opening())
        .setCategory(Notification.CATEGORY_STATUS)
        .setTimeoutAfter(notice.goesInMs)
        .setOnlyAlertOnce(true)
        .setLocalOnly(true)

    private fun action(icon: Int, label: String, intent: PendingIntent) =
        Notification.Action.Builder(icon(icon), label, intent).build()

    private fun icon(resource: Int) = Icon.createWithResource(context, resource)

    /** Denies: to this app's own receiver, which nobody else can reach. */
    private fun denying(challenge: String): PendingIntent = PendingIntent.getBroadcast(
        context,
        0,
        Intent(context, DenyReceiver::class.java).setData(Uri.fromParts(DenyReceiver.SCHEME, challenge, null)),
        PendingIntent.FLAG_IMMUTABLE or PendingIntent.FLAG_ONE_SHOT,
    )

    /** Opens the app, which shows what waits. Nothing is passed along: any other app could do the same. */
    private fun opening(): PendingIntent = PendingIntent.getActivity(
        context,
        0,
        Intent(context, MainActivity::class.java).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK or Intent.FLAG_ACTIVITY_SINGLE_TOP),
        PendingIntent.FLAG_IMMUTABLE or PendingIntent.FLAG_UPDATE_CURRENT,
    )
}
