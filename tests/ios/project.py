#!/usr/bin/env python3
"""Checks what no compiler checks of the iOS app: its project, lists, manifests, colours and the rules of its sources.

  tests/ios/project.py [FOLDER]    FOLDER is the repository's, by default the one that this file is in

Prints `ok NAME` or `not ok NAME` for each check, and why.
"""

import json
import plistlib
import re
import struct
import sys
from pathlib import Path

import yaml

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
IOS = ROOT / "ios"
APP = IOS / "App"
LANGUAGES = ["en", "sv", "nb", "da"]

CHECKS = []


def check(name):
    def keep(function):
        CHECKS.append((name, function))
        return function

    return keep


class Wrong(Exception):
    pass


def must(condition, why):
    if not condition:
        raise Wrong(why)


def plist(path):
    with (APP / path).open("rb") as file:
        return plistlib.load(file)


def project():
    return yaml.safe_load((IOS / "project.yml").read_text(encoding="utf-8"))


def swift(under="."):
    """The Swift sources by path, without comments."""
    found = {}
    for path in sorted((APP / under).rglob("*.swift")):
        text = path.read_text(encoding="utf-8")
        found[path.relative_to(APP).as_posix()] = re.sub(r"(?m)(^|\s)//.*$", "", text)
    must(found, f"no Swift under {under}")
    return found


def source(path):
    return swift()[path]


@check("Info.plist says what the system needs to know")
def info():
    app = plist("Info.plist")
    for key in ["NSCameraUsageDescription", "NSFaceIDUsageDescription"]:
        must(app.get(key), f"{key} is missing: iOS ends an app that asks without it")
    must(app["CFBundleLocalizations"] == LANGUAGES, "the languages are others")
    must(app["UIBackgroundModes"] == ["remote-notification"], "an app that is only woken needs no other mode")
    must(app["CFBundleVersion"] == "$(CURRENT_PROJECT_VERSION)", "the version is not the project's")
    must("NSAppTransportSecurity" not in app, "nothing needs an exception from TLS")
    must("UIFileSharingEnabled" not in app, "the app's folder is nobody else's")


@check("every link that the app is opened with is listed, and asked about")
def links():
    listed = [scheme for kind in plist("Info.plist")["CFBundleURLTypes"] for scheme in kind["CFBundleURLSchemes"]]
    known = re.search(r"static let schemes = \[(.*)\]", source("Sources/App/Links.swift"))
    must(known, "Links.schemes is not found")
    must(sorted(listed) == sorted(re.findall(r'"([^"]+)"', known[1])), f"{listed} are listed, {known[1]} are taken")
    takers = [path for path, text in swift().items() if "onOpenURL" in text or "continueUserActivity" in text]
    must(takers == ["Sources/Root/RootView.swift"], f"links are taken in {takers}")
    opened = re.search(r"func opened\(_ url: URL\) \{(.*?)\n    \}", source("Sources/App/AppModel.swift"), re.S)
    must(opened and "Links.isKnown" in opened[1], "a link is not looked at before it is taken")
    events = re.findall(r"\.send\((\.\w+)", opened[1])
    must(events == [".linkOpened"], f"a link does {events}, and may only open a question")


@check("the entitlements of the app and its extension")
def entitlements():
    app, service = plist("Nod.entitlements"), plist("NotificationService/NotificationService.entitlements")
    must(app["aps-environment"] == "$(NOD_APS_ENVIRONMENT)", "aps-environment")
    must(app["com.apple.developer.usernotifications.time-sensitive"] is True, "time-sensitive")
    groups = app["com.apple.security.application-groups"]
    must(groups == service["com.apple.security.application-groups"] == ["$(NOD_APP_GROUP)"], "the groups differ")
    must(set(service) == {"com.apple.security.application-groups"}, "the extension needs no more than the group")
    must(app["keychain-access-groups"] == ["$(AppIdentifierPrefix)$(NOD_BUNDLE_ID)"], "the keys are the app's alone")
    settings = project()["settings"]["configs"]
    pushes = {name: values["NOD_APS_ENVIRONMENT"] for name, values in settings.items()}
    must(pushes == {"Debug": "development", "Release": "production"}, f"the push environments are {pushes}")
    must(plist("Info.plist")["NodPushEnvironment"] == "$(NOD_APS_ENVIRONMENT)", "the app is told another environment")


@check("the extension is one for pushes")
def extension():
    service = plist("NotificationService/Info.plist")["NSExtension"]
    must(service["NSExtensionPointIdentifier"] == "com.apple.usernotifications.service", "another kind")
    principal = service["NSExtensionPrincipalClass"].removeprefix("$(PRODUCT_MODULE_NAME).")
    text = source("NotificationService/NotificationService.swift")
    must(f"class {principal}: UNNotificationServiceExtension" in text, f"there is no class {principal}")
    must("CorePhone" not in text and "NodCore" not in text, "the extension must not open the vault")


@check("the privacy manifest declares what the sources use")
def privacy():
    manifest = plist("Resources/PrivacyInfo.xcprivacy")
    must(manifest["NSPrivacyTracking"] is False and manifest["NSPrivacyTrackingDomains"] == [], "tracking")
    must(manifest["NSPrivacyCollectedDataTypes"] == [], "nothing is collected")
    declared = {}
    for use in manifest["NSPrivacyAccessedAPITypes"]:
        must(use["NSPrivacyAccessedAPITypeReasons"], f"{use} has no reason")
        declared[use["NSPrivacyAccessedAPIType"].removeprefix("NSPrivacyAccessedAPICategory")] = True
    everything = "\n".join(swift().values())
    uses = {
        "UserDefaults": r"\bUserDefaults\b",
        "SystemBootTime": r"systemUptime|mach_absolute_time|ContinuousClock",
        "DiskSpace": r"volumeAvailableCapacity|systemFreeSize|statfs",
        "ActiveKeyboards": r"activeInputModes",
    }
    for category, pattern in uses.items():
        must(bool(re.search(pattern, everything)) == (category in declared), f"{category} is used or declared, not both")
    # The core is not searched: it looks at the vault's file (stat), and reads the monotonic clock.
    must("FileTimestamp" in declared, "FileTimestamp is missing")


@check("project.yml names what there is")
def xcodegen():
    spec = project()
    package = (IOS / spec["packages"]["NodKit"]["path"] / "Package.swift").read_text(encoding="utf-8")
    least = spec["options"]["deploymentTarget"]["iOS"].removesuffix(".0")
    must(f".iOS(.v{least})" in package, f"the package is not for iOS {least}")
    must(spec["settings"]["base"]["SWIFT_VERSION"] == "6.0" and "[.v6]" in package, "the language modes differ")
    for name, target in spec["targets"].items():
        for path in target["sources"]:
            must((IOS / path).exists(), f"{name}: {path} is not there")
        for key in ["INFOPLIST_FILE", "CODE_SIGN_ENTITLEMENTS"]:
            must((IOS / target["settings"]["base"][key]).is_file(), f"{name}: {key} is not there")
        for need in target["dependencies"]:
            if "package" in need:
                must(f'.library(name: "{need["product"]}"' in package, f"the package has no {need['product']}")
            else:
                must(need["target"] in spec["targets"], f"there is no target {need['target']}")
    must({"target": "NodNotifications"} in spec["targets"]["Nod"]["dependencies"], "the extension is not in the app")
    listed = [IOS / path for target in spec["targets"].values() for path in target["sources"]]
    for path in APP.rglob("*.swift"):
        must(any(folder in path.parents for folder in listed), f"{path.name} is in no target")
    script = (IOS / "make-xcframework").read_text(encoding="utf-8")
    framework = re.search(r'path: "\.\./(build/\w+\.xcframework)"', package)
    must(framework and f"$build/{Path(framework[1]).name}" in script, "make-xcframework makes another file")


@check("texts that the system shows are in four languages")
def strings():
    used = set(re.findall(r'"(wake\.\w+)"', (ROOT / "ios/make-strings").read_text(encoding="utf-8")))
    for language in LANGUAGES:
        info_keys = strings_of(language, "InfoPlist.strings")
        must({"NSCameraUsageDescription", "NSFaceIDUsageDescription"} <= set(info_keys), f"{language}: usage")
        must(used and used == set(strings_of(language, "Localizable.strings")), f"{language}: the words of a push")
        if language != "en":
            english = strings_of("en", "InfoPlist.strings")
            same = [key for key in info_keys if info_keys[key] == english[key] and key != "CFBundleDisplayName"]
            must(not same, f"{language}: {same} are English")
    app = plist("Info.plist")
    english = strings_of("en", "InfoPlist.strings")
    must(app["NSFaceIDUsageDescription"] == english["NSFaceIDUsageDescription"], "Info.plist says it otherwise")
    must(app["NSCameraUsageDescription"] == english["NSCameraUsageDescription"], "Info.plist says it otherwise")


def strings_of(language, name):
    text = (APP / f"Resources/{language}.lproj/{name}").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("/*")]
    pairs = [re.fullmatch(r'"((?:[^"\\]|\\.)+)" = "((?:[^"\\]|\\.)+)";', line) for line in lines]
    must(all(pairs), f"{language}/{name} has a line that is none")
    return {pair[1]: pair[2] for pair in pairs}


@check("no view has a text of its own")
def words():
    shown = r'\b(Text|Button|Label|Toggle|Picker|TextField|SecureField|Heading|PartHeading|Muted|Notice|Working|' \
        r'navigationTitle|accessibilityLabel|accessibilityHint|accessibilityValue|alert)\(\s*(\.\w+,\s*)?"([^"]*)"'
    for path, text in swift("Sources").items():
        for found in re.finditer(shown, text):
            letters = re.sub(r"\\\([^)]*\)+", "", found[3])
            must(not re.search(r"[A-Za-z]", letters), f"{path}: {found[0]}")


@check("the colours are those of the web pages, and readable")
def colours():
    css = (ROOT / "cli/src/demo/assets/shared/base.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([a-z-]+): #([0-9a-f]{6});", part)) for part in css.split("@media", 1))
    mine = re.findall(r"static let (\w+) = Color\(light: 0x(\w{6}), dark: 0x(\w{6})\)", source("Sources/Theme/Palette.swift"))
    must(len(mine) >= 20, "colours are missing")
    palette = [{}, {}]
    for name, day, night in mine:
        css_name = re.sub(r"([A-Z])", lambda m: "-" + m[1].lower(), name)
        must(light.get(css_name) == day.lower(), f"{name} is {day}, the pages have {light.get(css_name)}")
        must(dark.get(css_name) == night.lower(), f"{name} is {night} in the dark, the pages have {dark.get(css_name)}")
        palette[0][name], palette[1][name] = day, night
    grounds = ["page", "surface", "sunken"]
    pairs = [(ink, ground) for ink in ["text", "muted", "accentText", "bad", "good", "warn"] for ground in grounds]
    pairs += [("onAccent", "accent"), ("onAccent", "accentStrong"), ("onBad", "bad"), ("onBad", "badStrong")]
    pairs += [("accentText", "accentSoft"), ("good", "goodSoft"), ("bad", "badSoft"), ("warn", "warnSoft")]
    pairs += [("text", ground) for ground in ["goodSoft", "badSoft", "warnSoft", "accentSoft"]]
    for scheme, colours in zip(["light", "dark"], palette):
        for ink, ground in pairs:
            ratio = contrast(colours[ink], colours[ground])
            must(ratio >= 4.5, f"{ink} on {ground} is {ratio:.2f} : 1 in the {scheme} scheme")
        must(contrast(colours["fieldLine"], colours["surface"]) >= 3, f"the border of a field in the {scheme} scheme")
    catalogue = {"AccentColor": "accent", "LaunchBackground": "page"}
    for name, colour in catalogue.items():
        entries = json.loads((APP / f"Resources/Assets.xcassets/{name}.colorset/Contents.json").read_text())["colors"]
        values = ["".join(e["color"]["components"][c][2:] for c in ["red", "green", "blue"]) for e in entries]
        must(values == [palette[0][colour], palette[1][colour]], f"{name} is {values}")


def contrast(one, other):
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([light(one), light(other)])
    return (high + 0.05) / (low + 0.05)


@check("the icon is one that the store takes")
def icon():
    folder = APP / "Resources/Assets.xcassets"
    for contents in folder.rglob("Contents.json"):
        for image in json.loads(contents.read_text()).get("images", []):
            must((contents.parent / image["filename"]).is_file(), f"{image['filename']} is not there")
    data = (folder / "AppIcon.appiconset/AppIcon.png").read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    must((width, height, depth, kind) == (1024, 1024, 8, 2), "it must be 1024 x 1024 and have no transparency")


@check("keys and secrets stay on this phone, guarded as they must be")
def keychain():
    everything = "\n".join(swift().values())
    for name in set(re.findall(r"kSecAttrAccessible\w*", everything)) - {"kSecAttrAccessible"}:
        must(name.endswith("ThisDeviceOnly"), f"{name} lets a backup take it along")
        must("Always" not in name, f"{name} is readable before the first unlocking")
    access = source("Sources/Platform/Keys/KeyAccess.swift")
    approve = re.findall(r"case \.approve[^:]*:\s+accessible = (\w+)\s+flags = (\[[^\]]*\])", access)
    must(
        approve
        == [
            ("kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly", "[.privateKeyUsage, .biometryCurrentSet]"),
            ("kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly", "[.privateKeyUsage, .devicePasscode]"),
        ],
        f"the key that approves is guarded by {approve}",
    )
    others = re.findall(r"case \.deny, \.enc, \.channel:\s+accessible = (\w+)\s+flags = (\[[^\]]*\])", access)
    must(
        others == [("kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly", "[.privateKeyUsage]")],
        f"the keys that never ask are guarded by {others}",
    )
    for name in ["biometryAny", "userPresence", "kSecAttrSynchronizable: true", "kSecAttrSynchronizableAny"]:
        must(name not in everything, f"{name} is weaker than what was decided")
    keys = source("Sources/Platform/Keys/SecureEnclaveKeys.swift")
    must("attributes[kSecAttrTokenID] = kSecAttrTokenIDSecureEnclave" in keys, "the keys are not in the Secure Enclave")
    must("touchIDAuthenticationAllowableReuseDuration = 0" in keys, "one touch could count twice")
    must("ecdsaSignatureMessageX962SHA256" in keys and "ecdhKeyExchangeStandard" in keys, "other algorithms")
    must("kSecAttrSynchronizable: false" in source("Sources/Platform/Keys/Keychain.swift"), "iCloud is not ruled out")
    place = source("Sources/Platform/VaultPlace.swift")
    must("isExcludedFromBackup = true" in place and "completeUntilFirstUserAuthentication" in place, "the vault's folder")
    # The lock of the app is no proof of anybody: what approves is the key.
    users = [path for path, text in swift().items() if "evaluatePolicy(" in text]
    must(users == ["Sources/Platform/DeviceUser.swift"], f"a mere yes or no is asked for in {users}")


@check("the defaults hold settings alone, and nothing is written to a log by hand")
def defaults():
    users = sorted(path for path, text in swift().items() if re.search(r"UserDefaults|AppStorage|SharedDefaults.store", text))
    must(users == ["Shared/SharedDefaults.swift", "Sources/Platform/AppSettings.swift"], f"defaults are used in {users}")
    text = "\n".join(source(path) for path in users)
    keys = sorted(re.findall(r'(?:Key = |dictionary\(forKey: )"([^"]+)"', text))
    must(keys == ["com.apple.configuration.managed", "language", "lock"], f"the defaults hold {keys}")
    for path, text in swift().items():
        must(not re.search(r"\b(print|debugPrint|NSLog|dump)\(", text), f"{path} prints")
        must("Logger(" not in text or path == "Sources/Platform/SystemPorts.swift", f"{path} has a log of its own")


@check("what is secret is covered, and nothing lies above the cover")
def covered():
    root = source("Sources/Root/RootView.swift")
    must("if scenePhase != .active { PrivacyCover()" in root, "the list of recent apps would show the screen")
    for path in ["Components/Digits.swift", "Components/QrCode.swift", "Screens/CodeRow.swift"]:
        must(".hiddenFromRecordings()" in source(f"Sources/{path}"), f"{path} is recorded")
    for path, text in swift("Sources").items():
        must(not re.search(r"\.(sheet|fullScreenCover|popover)\(", text), f"{path} shows something above the cover")
    must(".localOnly: true" in source("Sources/Platform/SystemPorts.swift"), "the clipboard goes to other devices")


@check("a notification tells a locked screen nothing of the sign-in")
def notifications():
    notifier = source("Sources/Platform/Notifier.swift")
    must(not re.search(r"\.(context|label|serviceDomain|digits)\b", notifier), "it shows more than the service")
    buttons = source("Sources/Platform/NotificationCategories.swift")
    deny = re.search(r"let deny = .*?options: (\[[^\]]*\])", buttons, re.S)
    approve = re.search(r"let approve = .*?options: (\[[^\]]*\])", buttons, re.S)
    must(deny and deny[1] == "[.destructive]", "Deny must act at once")
    must(approve and approve[1] == "[.authenticationRequired, .foreground]", "Approve must open the app")
    must(".approve(" not in "\n".join(swift().values()).replace("case .approve(", ""), "only a screen approves")


@check("no text has a fixed height")
def heights():
    for path, text in swift("Sources").items():
        for found in re.finditer(r"\.frame\([^)]*\bheight:[^)]*\)", text):
            square = re.search(r"width: (\w+), height: \1\b", found[0])
            must(square and square[1] in ("size", "0"), f"{path}: {found[0]}")


@check("files begin with what they are for, and are short")
def files():
    for path in [*APP.rglob("*.swift"), *(IOS / "Stubs").rglob("*.swift")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        must(lines[0].startswith("// "), f"{path.name} does not say what it is for")
        must(len(lines) <= 450, f"{path.name} has {len(lines)} lines")


def main():
    failed = 0
    for name, function in CHECKS:
        try:
            function()
            print(f"ok {name}")
        except (Wrong, KeyError, OSError, ValueError, AttributeError, IndexError, plistlib.InvalidFileException) as error:
            failed += 1
            print(f"not ok {name}\n   {type(error).__name__}: {error}")
    sys.exit(bool(failed))


main()
