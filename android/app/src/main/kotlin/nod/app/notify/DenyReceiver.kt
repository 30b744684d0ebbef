// Denies from a notification, with the deny key, which asks nobody. Not exported: only this app's notifications reach it.
package nod.app.notify

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import kotlinx.coroutines.launch
import nod.app.graph

class DenyReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        val data = intent.data ?: return
        if (data.scheme != SCHEME) return
        val challenge = data.schemeSpecificPart ?: return
        val graph = context.graph
        val until = goAsync()
        graph.scope.launch {
            try {
                graph.denied(challenge)
            } finally {
                until.finish()
            }
        }
    }

    companion object {
        /** Tells one challenge's intent from another's. */
        const val SCHEME = "nod-challenge"
    }
}
