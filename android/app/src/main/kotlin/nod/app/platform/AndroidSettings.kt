// What the user has set: the app lock, and the language as the system keeps it for each app.
package nod.app.platform

import android.app.LocaleManager
import android.content.Context
import android.os.Build
import android.os.LocaleList
import nod.app.keys.KeyUser
import nod.logic.SettingsPort
import nod.logic.words.Language
import nod.logic.words.Words

private const val LOCK = "lock"
private const val LANGUAGE = "language"

/** `user` says whether this phone can verify anybody. */
class AndroidSettings(private val context: Context, private val user: () -> KeyUser) : SettingsPort {
    private val kept = context.getSharedPreferences("settings", Context.MODE_PRIVATE)

    override val version: String
        get() = context.packageManager.getPackageInfo(context.packageName, 0).versionName.orEmpty()

    override suspend fun lockOn(): Boolean = kept.getBoolean(LOCK, false) && lockAvailable()

    override suspend fun setLock(on: Boolean) = kept.edit().putBoolean(LOCK, on).apply()

    override suspend fun lockAvailable(): Boolean = user().hasScreenLock()

    override suspend fun language(): Language? = chosen()

    override suspend fun setLanguage(language: Language?) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            val list = language?.let { LocaleList.forLanguageTags(it.tag) } ?: LocaleList.getEmptyLocaleList()
            context.getSystemService(LocaleManager::class.java)?.applicationLocales = list
        } else {
            kept.edit().putString(LANGUAGE, language?.tag).apply()
        }
    }

    /** The texts in the language that holds now. */
    fun words(): Words = Words.of(chosen() ?: Language.of(systemTag()))

    private fun chosen(): Language? {
        val tag = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            context.getSystemService(LocaleManager::class.java)?.applicationLocales?.takeUnless { it.isEmpty }?.get(0)?.toLanguageTag()
        } else {
            kept.getString(LANGUAGE, null)
        }
        return tag?.let { Language.of(it) }
    }

    private fun systemTag(): String = context.resources.configuration.locales[0].toLanguageTag()
}
