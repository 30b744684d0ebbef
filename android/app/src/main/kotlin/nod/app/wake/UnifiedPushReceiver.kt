// Takes what UnifiedPush distributors say. Exported, as they are other apps: what does not name a token that only this
// app and its distributor know is ignored.
package nod.app.wake

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import nod.app.graph

class UnifiedPushReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        val message = pushMessage(intent.action) { intent.getStringExtra(it) } ?: return
        context.graph.unifiedPush.take(message)
    }
}
