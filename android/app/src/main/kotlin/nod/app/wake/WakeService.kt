// The short service that connects when the phone is woken up.
package nod.app.wake

import android.app.ForegroundServiceStartNotAllowedException
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.IBinder
import android.util.Log
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import nod.app.graph
import nod.app.notify.CONNECTING

/**
 * A foreground service of the type `shortService`: it begins at once, keeps the network while the phone dozes, and ends
 * within three minutes. A job could start late, a receiver alone would be cut off after ten seconds, and a challenge lives
 * for forty.
 */
class WakeService : Service() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    override fun onBind(intent: Intent): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        val notification = graph.notifications.connecting()
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
            startForeground(CONNECTING, notification, ServiceInfo.FOREGROUND_SERVICE_TYPE_SHORT_SERVICE)
        } else {
            startForeground(CONNECTING, notification)
        }
        scope.launch {
            try {
                graph.wokenUp()
            } finally {
                // Ends the service only when no later wake-up is under way.
                stopSelfResult(startId)
            }
        }
        return START_NOT_STICKY
    }

    /** The system's patience with a short service is over. */
    override fun onTimeout(startId: Int) = stopSelf()

    override fun onDestroy() = scope.cancel()

    companion object {
        /** Begins, and leaves it to a job where the system does not let a service begin from the background now. */
        fun start(context: Context) {
            val intent = Intent(context, WakeService::class.java)
            try {
                context.startForegroundService(intent)
            } catch (refused: IllegalStateException) {
                if (!isNotAllowed(refused)) throw refused
                Log.i("nod", "no service from the background now; a job instead")
                WakeJob.schedule(context)
            }
        }

        private fun isNotAllowed(refused: IllegalStateException): Boolean =
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.S && refused is ForegroundServiceStartNotAllowedException
    }
}
