# Checks android/app without an SDK: its Kotlin against the classes of API 35, its manifest and resources with aapt2, what
# must hold of them, and the tests of what needs no phone. Sourced by tests/run.

APP=android/app/src
APP_OUT=target/android-app

about_android() { echo 'android/app: types against API 35, manifest, resources, rules, unit tests'; }

suite_android() {
  need_kotlin && need_jars jvm && need_jars test && need_jars compose && need_android || return 1
  local bad=0
  check 'the resources and the manifest link against API 35' app_resources || bad=1
  check 'the manifest, the resources and the sources keep the rules' python3 tests/android/app_rules.py || bad=1
  check 'the modules that the app stands on compile' app_ground || return 1
  check 'the app compiles against API 35' app_main || return 1
  check 'the flavour without Google compiles' app_flavour open || bad=1
  check 'the flavour with FCM compiles' app_flavour fcm || bad=1
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
  kotlinc_module logic "$(class_path jvm)" android/logic/src/main/kotlin || return 1
  KOTLINC_FLAGS=-nowarn kotlinc_module generated "$(class_path jvm)" bindings/kotlin || return 1
  kotlinc_module bindings "$(class_path jvm "$KOTLIN_OUT/logic" "$KOTLIN_OUT/generated")" android/bindings/src/main/kotlin || return 1
  KOTLINC_FLAGS=$(compose_plugin) kotlinc_module ui "$(class_path jvm compose "$KOTLIN_OUT/logic")" android/ui/src/main/kotlin
}

compose_plugin() { printf -- '-Xplugin=%s/compose-compiler-plugin.jar\n' "$KOTLIN_LIB"; }

# The part that both flavours share, with a stand-in for what each flavour gives.
app_main() {
  KOTLINC_FLAGS="$(compose_plugin) -nowarn" kotlinc_module stubs "$(class_path compose android)" tests/android/stubs || return 1
  KOTLINC_FLAGS=$(compose_plugin) kotlinc_module app "$(app_path)" $APP/main/kotlin $APP/open/kotlin
}

app_path() {
  class_path jvm compose android "$KOTLIN_OUT/stubs" "$KOTLIN_OUT/logic" "$KOTLIN_OUT/bindings" "$KOTLIN_OUT/ui" "$KOTLIN_OUT/app-r"
}

app_flavour() {
  if [ "$1" = open ]; then return 0; fi
  KOTLINC_FLAGS=$(compose_plugin) kotlinc_module "app-$1" "$(app_path)" $APP/main/kotlin "$APP/$1/kotlin"
}

app_tests() {
  local path
  path=$(app_path)
  kotlinc_module app-tests "$path:$KOTLIN_OUT/app:$(class_path test):$KOTLIN_LIB/kotlin-test.jar:$KOTLIN_LIB/kotlin-test-junit5.jar" $APP/test/kotlin \
    && kotlin_tests "$path:$KOTLIN_OUT/app" "$KOTLIN_OUT/app-tests"
}
