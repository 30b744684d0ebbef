# The SwiftUI app without Xcode: its sources compiled against the real NodKit and stubs of Apple's frameworks (ios/Stubs),
# its keys run over a Keychain in memory, its project and lists checked. Stands on tests/lib/swift.sh. Sourced by tests/run.

# The stubs, each after what it needs.
IOS_STUBS=(CoreImage UniformTypeIdentifiers UIKit Accessibility Security LocalAuthentication UserNotifications AVFoundation
  Network os SwiftUI)

about_ios() { echo 'the SwiftUI app against NodKit and stubs, its project and its lists'; }
suite_ios() {
  local bad=0 build=$PWD/target/swift
  need_swift && need_debian /usr/lib/python3/dist-packages/yaml/__init__.py python3 python3-yaml || return 1
  /usr/bin/python3 tests/ios/project.py || bad=1
  check 'the project checks find what is wrong' project_checks_find || bad=1
  check 'the texts of the system are fresh' ios/make-strings --check || bad=1
  check 'the scripts are well-formed' bash -n ios/make-xcframework || bad=1
  check 'the app is formatted' ios_is_formatted "$build" || bad=1
  check 'every source can be parsed' ios_parses "$build" || bad=1
  check 'NodKit is built' swift_package "$build" build --target NodCore || return 1
  check 'the stubs compile' ios_stubs "$build" || return 1
  check 'the app compiles against NodKit' ios_app "$build" ios || return 1
  check 'the extension compiles' ios_extension "$build" ios || bad=1
  check 'what does not fit NodKit or the frameworks does not compile' ios_mistakes_found "$build" || bad=1
  ios_runs "$build" || bad=1
  return "$bad"
}

# Each line: a file, what is replaced, and by what. Every one must make the checks of the project fail.
project_checks_find() {
  local file from to copy=$LOGS/ios-project bad=0
  while IFS='|' read -r file from to; do
    rm -rf "$copy" && mkdir -p "$copy/cli/src/demo/assets/shared" || return 1
    cp -r ios "$copy/" && cp cli/src/demo/assets/shared/base.css "$copy/cli/src/demo/assets/shared/" || return 1
    python3 -c 'import sys, pathlib
path, old, new = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
text = path.read_text()
sys.exit(f"{path} has no {old}") if old not in text else path.write_text(text.replace(old, new, 1))' \
      "$copy/ios/$file" "$from" "$to" || return 1
    if /usr/bin/python3 tests/ios/project.py "$copy" >/dev/null; then
      printf 'not found: %s in place of %s in %s\n' "$to" "$from" "$file"
      bad=1
    fi
  done <<'END'
App/Sources/Platform/Keys/Keychain.swift|kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly|kSecAttrAccessibleAlways
App/Sources/Platform/Keys/Keychain.swift|kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly|kSecAttrAccessibleAfterFirstUnlock
App/Sources/Platform/Keys/Keychain.swift|kSecAttrSynchronizable: false|kSecAttrSynchronizable: true
App/Sources/Platform/Keys/KeyAccess.swift|.biometryCurrentSet|.biometryAny
App/Sources/Platform/Keys/KeyAccess.swift|flags = [.privateKeyUsage]|flags = [.privateKeyUsage, .devicePasscode]
App/Sources/Platform/Keys/SecureEnclaveKeys.swift|attributes[kSecAttrTokenID] = kSecAttrTokenIDSecureEnclave|attributes[kSecAttrTokenID] = nil
App/Sources/Platform/VaultPlace.swift|isExcludedFromBackup = true|isExcludedFromBackup = false
App/Sources/Platform/AppSettings.swift|"lock"|"vaultKey"
App/Sources/Platform/NotificationCategories.swift|.authenticationRequired, |
App/Sources/Root/RootView.swift|PrivacyCover().zIndex(3)|EmptyView()
App/Sources/App/AppModel.swift|guard Links.isKnown(url) else { return }|
App/Sources/Screens/WelcomeView.swift|words.text(.welcomePaste)|"Paste the code"
App/Sources/Theme/Palette.swift|0x525C68|0x9BA5B1
App/Info.plist|<string>otpauth</string>|<string>https</string>
App/Info.plist|NSFaceIDUsageDescription|NSFaceIDUsage
App/Nod.entitlements|$(NOD_APS_ENVIRONMENT)|development
App/Resources/PrivacyInfo.xcprivacy|UserDefaults|DiskSpace
App/Resources/sv.lproj/InfoPlist.strings|NSCameraUsageDescription|NSCameraUsage
project.yml|App/Info.plist|App/Missing.plist
project.yml|product: NodCore|product: NodCorps
END
  return "$bad"
}

ios_is_formatted() {
  local files=()
  mapfile -t files < <(find ios/App -name '*.swift' | sort)
  [ "${#files[@]}" -gt 40 ] || return 1
  in_swift "$PWD" "$1" swift-format lint --strict --configuration /nod/ios/.swift-format "${files[@]/#//nod/}"
}

# Also the one file that is not compiled here: its casts between Swift and Core Foundation are Apple's own.
ios_parses() {
  local files=()
  mapfile -t files < <(find ios/App -name '*.swift' | sort)
  in_swift "$PWD" "$1" swiftc -parse "${files[@]/#//nod/}"
}

ios_stubs() {
  in_swift "$PWD" "$1" bash -euc '
    rm -rf stubs && mkdir stubs
    for name; do
      swiftc -parse-as-library -suppress-warnings -emit-module -module-name "$name" -I stubs \
        -emit-module-path "stubs/$name.swiftmodule" /nod/ios/Stubs/"$name"/*.swift
    done' ios_stubs "${IOS_STUBS[@]}"
}

# ios_app BUILD IOS: the app's sources in the folder IOS, as far as machine code, warnings being errors. The casts between
# Swift and Core Foundation are replaced.
ios_app() {
  local files=()
  mapfile -t files < <(find "$2/App/Sources" "$2/App/Shared" -name '*.swift' -not -name CoreFoundationBridge.swift | sort)
  [ "${#files[@]}" -gt 40 ] || return 1
  ios_compile "$1" Nod "${files[@]}" ios/Stubs/Bridge/CoreFoundationBridge.swift
}

ios_extension() {
  local files=()
  mapfile -t files < <(find "$2/App/NotificationService" "$2/App/Shared" -name '*.swift' | sort)
  ios_compile "$1" NodNotifications "${files[@]}"
}

# ios_compile BUILD MODULE FILE...: in the language mode of the project. The later passes of the compiler find what the type
# check alone does not, as a value that two threads could use at once.
ios_compile() {
  local build=$1 module=$2
  shift 2
  in_swift "$PWD" "$build" swiftc -swift-version 6 -warnings-as-errors -parse-as-library -wmo -emit-sil -o /dev/null \
    -module-name "$module" -I stubs -I NodKit/debug/Modules \
    -Xcc -fmodule-map-file=/nod/ios/NodKit/Sources/NodFFILinux/module.modulemap "${@/#//nod/}"
}

# Each line: a file, what is replaced, and by what. None may compile.
ios_mistakes_found() {
  local file from to copy=target/ios-mistake bad=0
  while IFS='|' read -r file from to; do
    rm -rf "$copy" && mkdir -p "$copy" && cp -r ios/App "$copy/" || return 1
    python3 -c 'import sys, pathlib
path, old, new = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
text = path.read_text()
sys.exit(f"{path} has no {old}") if old not in text else path.write_text(text.replace(old, new, 1))' \
      "$copy/App/$file" "$from" "$to" || return 1
    if ios_app "$1" "$copy" >"$LOGS/ios-mistake.log" 2>&1 || ! grep -q "/$file:[0-9]*:[0-9]*: error:" "$LOGS/ios-mistake.log"; then
      printf 'not found: %s in place of %s in %s\n' "$to" "$from" "$file"
      bad=1
    fi
  done <<'END'
Sources/Screens/ChallengeView.swift|pending.serviceName)|pending.serviceNam)
Sources/Screens/ChallengeView.swift|send(.denyPressed)|send(.denied)
Sources/Screens/HomeView.swift|.homeOfflineRetry|.homeOfflineRetries
Sources/Components/Page.swift|.scrollBounceBehavior|.scrollBounce
Sources/Screens/MoveParts.swift|        case .refused: .moveStateRefused|
Sources/Platform/Keys/SecureEnclaveKeys.swift|func verifiesUser() -> Bool|func verifyUser() -> Bool
Sources/App/AppDelegate.swift|didRegisterForRemoteNotificationsWithDeviceToken|didRegisterForRemoteNotificationsWithToken
Sources/Platform/Notifier.swift|private nonisolated static func wakes|private static func wakes() async -> [UNNotification] { await center.deliveredNotifications() }; private nonisolated static func wakes
END
  rm -rf "$copy"
  return "$bad"
}

# The app's own logic, run: its keys and the vault's over a Keychain in memory, its words, digits, links and names.
ios_runs() {
  in_swift "$PWD" "$1" bash -euc '
    rm -rf ios-tests && mkdir ios-tests && cd ios-tests
    flags="-swift-version 6 -I . -I ../NodKit/debug/Modules"
    for name in Security LocalAuthentication; do
      swiftc $flags -parse-as-library -emit-library -emit-module -module-name "$name" -o "lib$name.so" \
        /nod/ios/Stubs/"$name"/*.swift $(test "$name" = Security || echo -L . -lSecurity)
    done
    app=/nod/ios/App keys=/nod/ios/App/Sources/Platform/Keys
    swiftc $flags -warnings-as-errors -module-name Tests -o tests \
      $keys/{KeyAccess,KeyFailure,KeyRecord,Keychain,SecureEnclaveKeys,VaultKey}.swift \
      $app/Sources/Words/{ErrorWords,Moments,DigitWords}.swift $app/Sources/App/Links.swift $app/Shared/NotificationNames.swift \
      /nod/ios/Stubs/Bridge/*.swift /nod/tests/ios/Tests/*.swift $(find ../NodKit/debug/NodKit.build -name "*.o") \
      -L . -lSecurity -lLocalAuthentication -Xlinker -rpath -Xlinker . -Xlinker --allow-shlib-undefined
    ./tests'
}
