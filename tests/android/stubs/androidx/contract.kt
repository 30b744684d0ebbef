// What the app names of androidx.activity.result.contract.
package androidx.activity.result.contract

import android.content.Intent
import androidx.activity.result.ActivityResult

abstract class ActivityResultContract<I, O>

class ActivityResultContracts private constructor() {
    class RequestPermission : ActivityResultContract<String, Boolean>()

    class StartActivityForResult : ActivityResultContract<Intent, ActivityResult>()
}
