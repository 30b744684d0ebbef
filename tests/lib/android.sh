# Checks android/app without an SDK: its Kotlin against the classes of API 35, its manifest and resources with aapt2, what
# must hold of them, and the tests of what needs no phone. Sourced by tests/run.

APP=android/app/src
APP_OUT=target/android-app

about_android() { echo 'android/app: types against API 35, manifest, resources, rules, unit tests'; }

suite_android() {
  need_kotlin && need_jars jvm && need_jars test && need_jars compose && need_android || return 1
  local bad=0
  check 'the resources and the manifest link against API 35' app_resources || bad=1
  python3 tests/android/app_rules.py || bad=1
  check 'the modules that the app stands on compile' app_ground || return 1
  check 'the app compiles against API 35' app_flavour open app || return 1
  check 'the flavour with FCM does too' app_flavour fcm app-fcm || bad=1
  app_tests || bad=1
  return "$bad"
}

# Compiles and links, and generates R; the namespace comes from build.gradle.kts in Gradle's build.
app_resources() {
  local manifest=$APP_OUT/AndroidManifest.xml sdk said
  rm -rf "$APP_OUT/res" "$APP_OUT/java" && mkdir -p "$APP_OUT/res" "$APP_OUT/java" || return 1
  sdk=$(sed -n 's/^min-sdk = "\(.*\)"/\1/p' android/gradle/libs.versions.toml)
  sed 's/<manifest /<manifest package="nod.app" /' "$APP/main/AndroidManifest.xml" >"$manifest" || return 1
  aapt2 compile --dir "$APP/main/res" -o "$APP_OUT/res.zip" || return 1
  # Debian's aapt2 is from before <queries>; any other warning is an error.
  said=$(aapt2 link --warn-manifest-validation -I "$FRAMEWORK" --manifest "$manifest" --min-sdk-version "$sdk" \
    --target-sdk-version 35 --java "$APP_OUT/java" -o "$APP_OUT/app.apk" "$APP_OUT/res.zip" 2>&1) || { printf '%s\n' "$said"; return 1; }
  if grep -v -e "Unknown chunk type '200'" -e 'unexpected element <queries>' <<<"$said" | grep .; then return 1; fi
  rm -rf "$KOTLIN_OUT/app-r" && mkdir -p "$KOTLIN_OUT/app-r" \
    && javac -d "$KOTLIN_OUT/app-r" "$APP_OUT/java/nod/app/R.java" \
    && sha256sum "$APP_OUT/java/nod/app/R.java" >"$KOTLIN_OUT/app-r.state"
}

# What Gradle's other modules give.
app_ground() {
  kotlin_logic && kotlin_generated && kotlin_bindings || return 1
  KOTLINC_FLAGS=$(compose_plugin) kotlinc_module ui "$(class_path jvm compose "$KOTLIN_OUT/logic")" android/ui/src/main/kotlin
}

compose_plugin() { printf -- '-Xplugin=%s/compose-compiler-plugin.jar\n' "$KOTLIN_LIB"; }

# app_flavour FLAVOUR MODULE: what both flavours share and what this one has, against API 35.
app_flavour() {
  KOTLINC_FLAGS="$(compose_plugin) -nowarn" kotlinc_module stubs "$(class_path compose android)" tests/android/stubs || return 1
  KOTLINC_FLAGS=$(compose_plugin) kotlinc_module "$2" "$(app_path)" $APP/main/kotlin "$APP/$1/kotlin"
}

app_path() {
  class_path jvm compose android "$KOTLIN_OUT/stubs" "$KOTLIN_OUT/logic" "$KOTLIN_OUT/bindings" "$KOTLIN_OUT/ui" "$KOTLIN_OUT/app-r"
}

app_tests() {
  local path
  path=$(app_path):$KOTLIN_OUT/app:$KOTLIN_LIB/kotlin-test.jar:$KOTLIN_LIB/kotlin-test-junit5.jar
  # As in Gradle's build, the tests see what is internal to the app.
  check "the app's tests compile" app_test_classes "$path" || return 1
  kotlin_tests "$path" "$KOTLIN_OUT/app-tests"
}

app_test_classes() {
  KOTLINC_FLAGS=-Xfriend-paths=$KOTLIN_OUT/app kotlinc_module app-tests "$1:$(class_path test)" $APP/test/kotlin
}
