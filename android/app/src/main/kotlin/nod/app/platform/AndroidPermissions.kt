// What the user lets the app do: the camera and notifications.
package nod.app.platform

import android.Manifest
import android.content.ActivityNotFoundException
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.provider.Settings
import nod.app.notify.Notifications
import nod.logic.PermissionPort

class AndroidPermissions(
    private val context: Context,
    private val host: ActivityHost,
    private val shown: Notifications,
) : PermissionPort {
    override suspend fun camera(): Boolean = has(Manifest.permission.CAMERA) || host.ask(Manifest.permission.CAMERA)

    override suspend fun notifications(): Boolean = shown.allowed()

    override suspend fun askNotifications(): Boolean {
        val asks = Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && !has(Manifest.permission.POST_NOTIFICATIONS)
        if (asks && host.ask(Manifest.permission.POST_NOTIFICATIONS)) return shown.allowed()
        if (!shown.allowed()) {
            val settings = Intent(Settings.ACTION_APP_NOTIFICATION_SETTINGS)
                .putExtra(Settings.EXTRA_APP_PACKAGE, context.packageName)
            host.start(settings)
        }
        return shown.allowed()
    }

    override fun openPhoneSettings() {
        val settings = Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.fromParts("package", context.packageName, null))
            .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
        try {
            context.startActivity(settings)
        } catch (_: ActivityNotFoundException) {
            // A phone without this screen has no other either.
            return
        }
    }

    private fun has(permission: String): Boolean =
        context.checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED
}
