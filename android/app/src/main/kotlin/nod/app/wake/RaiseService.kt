// A distributor binds to this for five seconds when it delivers a message, which lets the app start its short service from
// the background. It does nothing, and takes nothing.
package nod.app.wake

import android.app.Service
import android.content.Intent
import android.os.Binder
import android.os.IBinder

class RaiseService : Service() {
    override fun onBind(intent: Intent): IBinder = Binder()
}
