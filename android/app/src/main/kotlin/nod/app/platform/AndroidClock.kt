// The phone's clocks.
package nod.app.platform

import android.os.SystemClock
import nod.logic.Clock

object AndroidClock : Clock {
    // It goes on while the phone sleeps, as a challenge's time does.
    override fun now(): Double = SystemClock.elapsedRealtime() / 1000.0

    override fun wall(): Long = System.currentTimeMillis()
}
