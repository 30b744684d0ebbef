// The flavour without Google's library: UnifiedPush is the only way to be woken up.
package nod.app.wake

import android.content.Context

@Suppress("UNUSED_PARAMETER") // The other flavour needs them.
fun platformWake(context: Context, changed: () -> Unit): WakePort? = null
