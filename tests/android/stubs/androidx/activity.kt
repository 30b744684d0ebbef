// What the app names of androidx.activity, with its signatures: enough to check types, and nothing that runs.
@file:Suppress("UNUSED_PARAMETER", "unused")

package androidx.activity

import android.content.Intent
import android.content.res.Configuration
import android.os.Bundle
import androidx.activity.result.ActivityResultLauncher
import androidx.activity.result.contract.ActivityResultContract

open class ComponentActivity : android.app.Activity() {
    override fun onCreate(savedInstanceState: Bundle?): Unit = throw UnsupportedOperationException()

    override fun onNewIntent(intent: Intent): Unit = throw UnsupportedOperationException()

    override fun onConfigurationChanged(newConfig: Configuration): Unit = throw UnsupportedOperationException()

    fun <I, O> registerForActivityResult(
        contract: ActivityResultContract<I, O>,
        callback: (O) -> Unit,
    ): ActivityResultLauncher<I> = throw UnsupportedOperationException()
}
