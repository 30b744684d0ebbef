"""What must hold of android/app's manifest, resources and sources, beside that they compile. Prints an `ok` or `not ok` line for each rule."""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "android/app"
SOURCES = APP / "src/main/kotlin/nod/app"
RES = APP / "src/main/res"
A = "{http://schemas.android.com/apk/res/android}"

# Why a component may be reached by other apps. android/README.md says it too.
EXPORTED = {
    ".MainActivity": "the launcher starts it, and links open it: it takes a link's text and nothing else",
    ".wake.UnifiedPushReceiver": "distributors are other apps: a message must name a token that only both know",
    ".wake.RaiseService": "distributors bind to it to let the app start its short service: it does nothing",
}
PERMISSIONS = {
    "INTERNET",
    "ACCESS_NETWORK_STATE",
    "USE_BIOMETRIC",
    "POST_NOTIFICATIONS",
    "FOREGROUND_SERVICE",
    "HIDE_OVERLAY_WINDOWS",
    "CAMERA",
}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
LANGUAGES = ["en", "sv", "nb", "da"]
# Each string of the system's and the word that it is the same as.
STRINGS = {"app_name": "app.name", "channel_requests": "notification.channel", "channel_connecting": "notification.connecting.channel"}
DOMAINS = {"root", "file", "database", "sharedpref", "external"}
DEVICE_DOMAINS = {"device_root", "device_file", "device_database", "device_sharedpref"}


def xml(path):
    return ElementTree.parse(path).getroot()


def text(name):
    return (SOURCES / name).read_text()


def code():
    """The sources of the app by path, without comments and what stands in quotes in them."""
    for path in sorted((APP / "src").glob("*/kotlin/**/*.kt")):
        if "/test/" not in str(path):
            yield path, re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)


def calls(source, name):
    """The argument lists of the calls of `name`."""
    for found in re.finditer(re.escape(name) + r"\(", source):
        depth, end = 1, found.end()
        while depth and end < len(source):
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        yield source[found.end() : end - 1]


def manifests():
    return [xml(path) for path in sorted((APP / "src").glob("*/AndroidManifest.xml"))]


def main_manifest():
    return xml(APP / "src/main/AndroidManifest.xml")


def components(manifest):
    application = manifest.find("application")
    return [each for each in application if each.tag in ("activity", "activity-alias", "service", "receiver", "provider")]


def own(component):
    """Not one that is named only to be taken away from what a library brings."""
    return component.get("{http://schemas.android.com/tools}node") != "remove"


def nothing_is_backed_up():
    application = main_manifest().find("application")
    assert application.get(A + "allowBackup") == "false", "allowBackup"
    assert application.get(A + "dataExtractionRules") == "@xml/data_extraction_rules", "dataExtractionRules"
    assert application.get(A + "fullBackupContent") == "@xml/backup_rules", "fullBackupContent"
    rules = xml(RES / "xml/data_extraction_rules.xml")
    assert {part.tag for part in rules} == {"cloud-backup", "device-transfer"}, "both ways out of a phone"
    for part in [*rules, xml(RES / "xml/backup_rules.xml")]:
        wanted = DOMAINS if part.tag == "full-backup-content" else DOMAINS | DEVICE_DOMAINS
        assert {rule.tag for rule in part} == {"exclude"}, f"{part.tag} includes something"
        assert {rule.get("domain") for rule in part} == wanted, f"{part.tag} forgets a domain"
        assert all(rule.get("path") == "." for rule in part), f"{part.tag} leaves out a part of a domain only"


def secrets_lie_where_no_backup_goes():
    for name in ("Graph.kt", "keys/AndroidKeys.kt", "wake/UnifiedPush.kt"):
        assert "noBackupFilesDir" in text(name), name
    for path, source in code():
        for place in ("filesDir", "cacheDir", "getExternalFilesDir", "openFileOutput"):
            assert not re.search(rf"\b{place}\b", source), f"{path.name} writes to {place}"


def no_connection_without_encryption():
    application = main_manifest().find("application")
    assert application.get(A + "usesCleartextTraffic") == "false"
    assert application.get(A + "networkSecurityConfig") == "@xml/network_security_config"
    config = xml(RES / "xml/network_security_config.xml")
    assert config.find("base-config").get("cleartextTrafficPermitted") == "false"
    assert [each.get("src") for each in config.iter("certificates")] == ["system"], "certificates of the user's are trusted"
    assert config.find("debug-overrides") is None
    for part in config.iter("domain-config"):
        hosts = {domain.text for domain in part.iter("domain")}
        assert part.get("cleartextTrafficPermitted") != "true" or hosts <= LOOPBACK, f"cleartext to {hosts}"


def permissions_are_those_that_are_explained():
    asked = {each.get(A + "name").removeprefix("android.permission.") for each in main_manifest().iter("uses-permission")}
    assert asked == PERMISSIONS, asked ^ PERMISSIONS
    assert not list(xml(APP / "src/fcm/AndroidManifest.xml").iter("uses-permission"))
    readme = (ROOT / "android/README.md").read_text()
    missing = [name for name in sorted(PERMISSIONS) if f"`{name}`" not in readme]
    assert not missing, f"android/README.md does not say what {missing} is for"


def a_phone_without_a_camera_can_install_it():
    features = {each.get(A + "name"): each.get(A + "required") for each in main_manifest().iter("uses-feature")}
    assert features == {"android.hardware.camera.any": "false"}, features


def every_component_says_whether_others_reach_it():
    for manifest in manifests():
        for component in filter(own, components(manifest)):
            name = component.get(A + "name")
            assert component.get(A + "exported") in ("true", "false"), f"{name} does not say"
            if component.get(A + "exported") == "true":
                assert name in EXPORTED, f"{name} is exported without a reason"
    readme = (ROOT / "android/README.md").read_text()
    exported = {c.get(A + "name") for m in manifests() for c in components(m) if c.get(A + "exported") == "true"}
    assert exported == set(EXPORTED), exported ^ set(EXPORTED)
    for name in exported:
        assert f"`{name.split('.')[-1]}`" in readme, f"android/README.md does not say why {name} is exported"


def every_component_is_a_class():
    for manifest, folder in ((main_manifest(), "main"), (xml(APP / "src/fcm/AndroidManifest.xml"), "fcm")):
        sources = "\n".join(path.read_text() for path in (APP / f"src/{folder}/kotlin").rglob("*.kt"))
        for component in filter(own, components(manifest)):
            name = component.get(A + "name")
            assert name.startswith("."), name
            package, simple = ("nod.app" + name).rsplit(".", 1)
            assert re.search(rf"^class {simple}\b", sources, re.M), f"no class {name}"
            assert re.search(rf"^package {re.escape(package)}$", sources, re.M), package


def the_short_service_is_short_and_ones_own():
    by_name = {c.get(A + "name"): c for c in components(main_manifest())}
    assert by_name[".wake.WakeService"].get(A + "foregroundServiceType") == "shortService"
    assert by_name[".wake.WakeJob"].get(A + "permission") == "android.permission.BIND_JOB_SERVICE"
    assert by_name[".notify.DenyReceiver"].get(A + "exported") == "false"
    assert not list(by_name[".notify.DenyReceiver"].iter("intent-filter"))


def links_are_only_asked_about():
    activity = components(main_manifest())[0]
    schemes = {each.get(A + "scheme") for each in activity.iter("data")}
    known = set(re.findall(r'"([a-z-]+)"', re.search(r"LINK_SCHEMES = setOf\((.*?)\)", text("Links.kt")).group(1)))
    assert schemes == known, schemes ^ known
    source = text("MainActivity.kt")
    assert not re.search(r"\b(get\w*Extra|extras)\b", source), "the activity reads what another app passes along"
    events = set(re.findall(r"RootEvent\.(\w+)", source))
    assert events == {"LinkOpened", "CameToForeground", "WentToBackground"}, events
    assert "linkText(intent.action, intent.dataString)" in source


def secret_screens_are_closed_to_screenshots():
    source = text("MainActivity.kt")
    assert "window.addFlags(WindowManager.LayoutParams.FLAG_SECURE)" in source
    created = source[source.index("fun onCreate") :]
    assert created.index("closeToOthers()") < created.index("setContent"), "the window is secret before anything is drawn"
    assert re.search(r"fun closeToOthers\(\) \{\s+secure\(true\)", source), "secret until known to be harmless"
    assert re.search(r"SideEffect \{\s+window\.secure\(isSecret\(root\)\)", text("Shown.kt"))
    cleared = [path.name for path, body in code() if "clearFlags" in body]
    assert cleared == ["MainActivity.kt"], cleared


def no_touch_comes_through_another_window():
    source = text("MainActivity.kt")
    assert "window.decorView.filterTouchesWhenObscured = true" in source
    assert "window.setHideOverlayWindows(true)" in source


def every_pending_intent_is_immutable():
    found = 0
    for path, source in code():
        assert "FLAG_MUTABLE" not in source, path.name
        for kind in ("getActivity", "getActivities", "getBroadcast", "getService", "getForegroundService"):
            for arguments in calls(source, "PendingIntent." + kind):
                found += 1
                assert "PendingIntent.FLAG_IMMUTABLE" in arguments, f"{path.name}: {kind}"
                explicit = re.search(r"Intent\(context, \w+::class\.java\)|\.setPackage\(", arguments)
                assert explicit, f"{path.name}: the intent of {kind} names nobody"
    assert found >= 3, f"only {found} pending intents were found"


def keys_are_used_through_a_crypto_object():
    prompts = {
        path.relative_to(SOURCES).as_posix(): list(calls(source, ".authenticate"))
        for path, source in code()
        if "BiometricPrompt" in source
    }
    assert set(prompts) == {"keys/KeyUser.kt", "platform/AndroidUser.kt"}, set(prompts)
    assert all(each.startswith("BiometricPrompt.CryptoObject(signature)") for each in prompts["keys/KeyUser.kt"])
    user, keys = text("keys/KeyUser.kt"), text("keys/AndroidKeys.kt")
    assert "result.cryptoObject?.signature" in user
    assert "AndroidUser" not in keys and "UserPort" not in keys and "VerifyReason" not in keys
    assert re.search(r"open\.update\(message\)\s+open\.sign\(\)", keys), "what signs is what the prompt gave back"


def approve_keys_ask_for_each_use():
    source = text("keys/KeystoreSpecs.kt")
    assert "setUserAuthenticationRequired(true)" in source
    assert re.search(r"setUserAuthenticationParameters\(\s*0,", source), "no time in which a key needs nobody"
    assert "setInvalidatedByBiometricEnrollment(plan.endsWithNewBiometric)" in source
    assert all("setUserAuthenticationValidityDurationSeconds" not in body for _, body in code())


def only_the_bindings_name_the_core():
    for path, source in code():
        assert "uniffi" not in source, path.name
    assert "com.sun.jna" not in "".join(body for _, body in code())


def the_systems_strings_are_the_apps_words():
    folders = {language: "values" if language == "en" else f"values-{language}" for language in LANGUAGES}
    for language, folder in folders.items():
        words = json.loads((ROOT / f"bindings/words/{language}.json").read_text())
        strings = {each.get("name"): each for each in xml(RES / folder / "strings.xml").iter("string")}
        everywhere = language != "en" and strings.keys() == STRINGS.keys() - {"app_name"}
        assert everywhere or strings.keys() == STRINGS.keys(), f"{folder}: {strings.keys() ^ STRINGS.keys()}"
        for name, each in strings.items():
            assert each.text.replace("\\'", "'") == words[STRINGS[name]], f"{folder}/{name}"
        assert words["app.name"] == "Nod", "the app's name is the same in every language"


def the_languages_are_those_of_the_words():
    offered = [each.get(A + "name") for each in xml(RES / "xml/locales_config.xml")]
    assert offered == LANGUAGES, offered
    assert {path.stem for path in (ROOT / "bindings/words").glob("*.json")} == set(LANGUAGES)
    kept = re.search(r"localeFilters \+= listOf\((.*?)\)", (APP / "build.gradle.kts").read_text()).group(1)
    assert re.findall(r'"(\w+)"', kept) == LANGUAGES, kept


def what_jna_and_the_bindings_find_by_name_keeps_it():
    rules = (APP / "rules.pro").read_text()
    for kept in ("-keep class com.sun.jna.** { *; }", "-keep class uniffi.nod_ffi.** { *; }", "-dontwarn java.awt.**"):
        assert kept in rules, kept
    assert "rules.pro" in (APP / "build.gradle.kts").read_text()


def sources_say_what_they_are_for():
    for path in sorted((APP / "src").glob("*/kotlin/**/*.kt")):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("// "), f"{path.name} does not begin with what it is for"
        assert len(lines) <= 400, f"{path.name} has {len(lines)} lines"


RULES = [
    nothing_is_backed_up,
    secrets_lie_where_no_backup_goes,
    no_connection_without_encryption,
    permissions_are_those_that_are_explained,
    a_phone_without_a_camera_can_install_it,
    every_component_says_whether_others_reach_it,
    every_component_is_a_class,
    the_short_service_is_short_and_ones_own,
    links_are_only_asked_about,
    secret_screens_are_closed_to_screenshots,
    no_touch_comes_through_another_window,
    every_pending_intent_is_immutable,
    keys_are_used_through_a_crypto_object,
    approve_keys_ask_for_each_use,
    only_the_bindings_name_the_core,
    the_systems_strings_are_the_apps_words,
    the_languages_are_those_of_the_words,
    what_jna_and_the_bindings_find_by_name_keeps_it,
    sources_say_what_they_are_for,
]


def main():
    bad = 0
    for rule in RULES:
        name = rule.__name__.replace("_", " ")
        try:
            rule()
        except (AssertionError, AttributeError, KeyError, OSError, ValueError) as failure:
            bad += 1
            print(f"not ok {name}: {failure!r}")
        else:
            print(f"ok {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
