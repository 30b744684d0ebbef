# Draws every screen of the Android app to PNG without a phone, and checks what was drawn: nothing is cut, everything is in
# its language, what is to be pressed is large enough and has a name. The pictures are in target/screens.
# Sourced by tests/run; needs tests/lib/kotlin.sh.

SCREENS=target/screens
ROBOTO=/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF

about_screens() { echo 'every Android screen drawn, in both themes, four languages and two sizes of text'; }

suite_screens() {
  need_kotlin && need_jars jvm && need_jars compose && need_jars android || return 1
  need_debian "$ROBOTO/Roboto-Regular.ttf" fonts-roboto-unhinted || return 1
  local plugin=-Xplugin=$KOTLIN_LIB/compose-compiler-plugin.jar zxing status=0 job jobs=()
  zxing=$(echo "$(jars_folder android)"/core-*.jar)
  check 'logic compiles' kotlinc_module logic "$(class_path jvm)" android/logic/src/main/kotlin || return 1
  KOTLINC_FLAGS=$plugin check 'ui compiles against the part of Compose that Android and a desktop share' \
    kotlinc_module ui "$(class_path jvm compose "$KOTLIN_OUT/logic")" android/ui/src/main/kotlin || return 1
  KOTLINC_FLAGS=$plugin check 'the renderer compiles' \
    kotlinc_module screens "$(class_path jvm compose "$KOTLIN_OUT/logic" "$KOTLIN_OUT/ui" "$zxing")" tests/android/screens || return 1
  check 'the screens know neither Android nor the Rust core' screens_are_common || status=1
  # Two at a time: each language by itself would leave one waiting for the other.
  rm -rf "$SCREENS" && mkdir -p "$SCREENS"
  for job in '^(en|nb)-' '^(sv|da)-'; do
    draw_screens "$zxing" '' "$job" >"$SCREENS/$(tr -cd a-z <<<"$job").log" 2>&1 &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || status=1; done
  cat "$SCREENS"/*.log
  return "$status"
}

# draw_screens ZXING SCREENS VARIANTS: what Main.kt takes; both are regular expressions.
draw_screens() {
  java -Xmx1g -XX:+UseSerialGC -Djava.awt.headless=true -Duser.timezone=UTC \
    -cp "$(class_path jvm compose "$KOTLIN_OUT/logic" "$KOTLIN_OUT/ui" "$KOTLIN_OUT/screens" "$1")" \
    nod.screens.MainKt "$SCREENS" "$ROBOTO" "$2" "$3"
}

screens_are_common() {
  ! grep -rnE '^import (android\.|androidx\.(activity|core|lifecycle)|uniffi|nod\.(bindings|app))|LocalContext' android/ui/src/main/kotlin
}
