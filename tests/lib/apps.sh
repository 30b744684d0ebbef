# Both apps together: a move from the Android app's phone to the iOS app's and back, at a real relay. Stands on what the
# suites kotlin and swift build. Sourced by tests/run.

about_apps() { echo 'a move between the two apps, and back'; }
suite_apps() {
  local build=$PWD/target/swift kt tests
  need_compilers && need_nod && need_kotlin && need_jars jvm && need_jars test && need_swift || return 1
  kt=$KOTLIN_LIB/kotlin-test.jar:$KOTLIN_LIB/kotlin-test-junit5.jar
  check 'the core as a library' cargo build --quiet --locked -p nod-ffi || return 1
  mkdir -p "$build/bin" && cp "$CARGO_TARGET_DIR/debug/libnod_ffi.so" "$build/bin/" || return 1
  check 'the Swift phone builds' swift_package "$build" build --product nod-swift-phone || return 1
  check "the Kotlin app's modules compile" apps_kotlin || return 1
  tests=$(class_path jvm test "$KOTLIN_OUT/logic" "$KOTLIN_OUT/generated" "$KOTLIN_OUT/bindings"):$kt
  check "bindings' tests compile" kotlin_test_module bindings "$tests" || return 1
  tests+=:$KOTLIN_OUT/bindings-tests
  check 'the test compiles' kotlinc_module across "$tests" tests/android/across || return 1
  SWIFT_ROOT=$SWIFT_ROOT NOD_SWIFT_PHONE="bash tests/lib/swift-phone $build" kotlin_tests "$tests" "$KOTLIN_OUT/across"
}

apps_kotlin() { kotlin_logic && kotlin_generated && kotlin_bindings; }
