# Compiles and tests the Android app's Kotlin without an SDK: plain kotlinc over the source folders that Gradle builds.
# Sourced by tests/run. What it costs and where it stumbles: docs/mobile-ci.md.

KOTLIN_OUT=target/android

about_kotlin() { echo 'bindings and logic of the Android app: compiled, vectors, presenters alone and on a real relay'; }
suite_kotlin() {
  local bad=0 kt tests
  need_compilers && need_nod && need_kotlin && need_jars jvm && need_jars test || return 1
  kt=$KOTLIN_LIB/kotlin-test.jar:$KOTLIN_LIB/kotlin-test-junit5.jar
  check "Gradle's versions are the ones that are checked here" kotlin_pins || bad=1
  check 'the core builds as the library that the tests load' cargo build --quiet --locked -p nod-ffi || return 1
  check 'a warning in Kotlin would be an error' kotlin_warning_found || bad=1
  check 'the generated Kotlin compiles' kotlin_generated || return 1
  check 'logic compiles' kotlin_logic || return 1
  check 'bindings compiles' kotlin_bindings || return 1
  tests=$(class_path jvm test "$KOTLIN_OUT/logic"):$kt
  check "logic's tests compile" kotlin_test_module logic "$tests" || bad=1
  tests=$(class_path jvm test "$KOTLIN_OUT/logic" "$KOTLIN_OUT/generated" "$KOTLIN_OUT/bindings"):$kt
  check "bindings' tests compile" kotlin_test_module bindings "$tests" || return 1
  note 'presenters by themselves, then on the core with a relay'
  kotlin_tests "$tests" "$KOTLIN_OUT/logic-tests" "$KOTLIN_OUT/bindings-tests" || bad=1
  return "$bad"
}

# The modules that have no Android in them; other suites stand on them too.
kotlin_logic() { kotlinc_module logic "$(class_path jvm)" android/logic/src/main/kotlin; }
kotlin_generated() { KOTLINC_FLAGS=-nowarn kotlinc_module generated "$(class_path jvm)" bindings/kotlin; }
kotlin_bindings() {
  kotlinc_module bindings "$(class_path jvm "$KOTLIN_OUT/logic" "$KOTLIN_OUT/generated")" android/bindings/src/main/kotlin
}

# Each version that both builds name is the same in the catalogue as in tests/android.
kotlin_pins() {
  local catalogue=android/gradle/libs.versions.toml pom=tests/android/pom.xml bad=0 pin name artefact here
  here=$(sed -n 's/.*"kotlin-compiler": "\([^"]*\)".*/\1/p' tests/android/package.json)
  grep -q "^kotlin = \"$here\"\$" "$catalogue" || { echo "kotlin is $here in package.json"; bad=1; }
  for pin in coroutines=kotlinx-coroutines-core-jvm jna=jna serialization=kotlinx-serialization-json-jvm \
    junit=junit-jupiter junit-platform=junit-platform-launcher zxing=core; do
    name=${pin%%=*} artefact=${pin#*=}
    here=$(grep -A1 "<artifactId>$artefact</artifactId>" "$pom" | sed -n 's/.*<version>\(.*\)<\/version>.*/\1/p')
    case "$here" in '${'*) here=$(sed -n "s/.*<${here:2:-1}>\(.*\)<.*/\1/p" "$pom") ;; esac
    [ -n "$here" ] && grep -q "^$name = \"$here\"\$" "$catalogue" || { echo "$name is '$here' in $pom"; bad=1; }
  done
  return "$bad"
}

kotlin_warning_found() {
  local folder=$LOGS/kotlin-warning
  rm -rf "$KOTLIN_OUT/warning.state" "$folder" && mkdir -p "$folder" || return 1
  echo 'fun warned(text: String) { val unused = text as String }' >"$folder/Warned.kt"
  ! kotlinc_module warning "$(class_path jvm)" "$folder" 2>"$folder/log" && grep -q 'warnings found' "$folder/log"
}

# The compiler of tests/android/package-lock.json and the class paths of tests/android/pom.xml.
need_kotlin() {
  need_debian javac default-jdk-headless && need_debian node nodejs && need_debian npm npm || return 1
  local home
  home=$CACHE/kotlin-$(sha256sum tests/android/package-lock.json | cut -c1-16)
  KOTLIN_HOME=$home/node_modules/kotlin-compiler
  if [ ! -e "$home/complete" ]; then
    note "fetching the Kotlin compiler (95 MB)"
    rm -rf "$home" && mkdir -p "$home" && cp tests/android/package.json tests/android/package-lock.json "$home" \
      && (cd "$home" && npm ci --silent --no-audit --no-fund) && touch "$home/complete" || return 1
  fi
  KOTLIN_LIB=$KOTLIN_HOME/lib
}

# need_jars PROFILE: the jars of that profile of tests/android/pom.xml, in $CACHE.
need_jars() {
  local folder
  folder=$(jars_folder "$1")
  if [ -e "$folder/complete" ]; then return 0; fi
  need_debian mvn maven || return 1
  note "fetching the class path '$1'"
  rm -rf "$folder"
  mvn --batch-mode --quiet --file tests/android/pom.xml --activate-profiles "$1" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$folder" \
    | sed 's/\x1b\[[0-9;]*m//g; /^$/d' && [ -d "$folder" ] && touch "$folder/complete"
}

jars_folder() {
  printf '%s/jars-%s/%s\n' "$CACHE" "$(sha256sum tests/android/pom.xml | cut -c1-16)" "$1"
}

# class_path PROFILE-OR-FOLDER...: one class path. The standard library is the compiler's own, whatever a profile brings
# along, and coroutines come from the profile `jvm` alone.
class_path() {
  local part jar path=$KOTLIN_LIB/kotlin-stdlib.jar
  for part; do
    case "$part" in
      /* | "$KOTLIN_OUT"/*) path+=:$part ;;
      *)
        for jar in "$(jars_folder "$part")"/*.jar; do
          case "$part:${jar##*/}" in
            *:kotlin-stdlib*) ;;
            *:annotations-[0-9]*) ;;
            jvm:*) path+=:$jar ;;
            *:kotlinx-coroutines-core*) ;;
            *) path+=:$jar ;;
          esac
        done
        ;;
    esac
  done
  printf '%s\n' "$path"
}

# kotlinc_module NAME CLASSPATH SOURCE-FOLDER...: compiles the folders into $KOTLIN_OUT/NAME, where nothing has changed
# since the last time not again. KOTLINC_FLAGS adds options; without `-nowarn` among them a warning is an error.
kotlinc_module() {
  mkdir -p "$KOTLIN_OUT" || return 1
  # Two runs at once make a module once.
  (flock 9 && kotlinc_changed "$@") 9>"$KOTLIN_OUT/$1.lock"
}

kotlinc_changed() {
  local name=$1 path=$2 out=$KOTLIN_OUT/$1 state flags=()
  shift 2
  read -ra flags <<<"${KOTLINC_FLAGS-}"
  case " ${flags[*]-} " in *' -nowarn '*) ;; *) flags+=(-Werror) ;; esac
  state=$(kotlin_state "$path" "${flags[*]}" "$@") || return 1
  if [ "$(cat "$out.state" 2>/dev/null)" = "$state" ]; then return 0; fi
  rm -rf "$out.part" && mkdir -p "$out.part" || return 1
  # The JVM's quick compiler alone: a kotlinc that ends after half a minute never earns the other one back.
  JAVA_OPTS='-Xmx2g -XX:+UseSerialGC -XX:TieredStopAtLevel=1' bash "$KOTLIN_HOME/bin/kotlinc" \
    -no-stdlib -no-reflect -jvm-target 17 -module-name "$name" \
    "${flags[@]}" -cp "$path" -d "$out.part" "$@" || return 1
  rm -rf "$out" "$out.state" && mv "$out.part" "$out" && printf '%s\n' "$state" >"$out.state"
}

# What a module's classes are made from: its sources, its options, and the state of each module on its class path.
kotlin_state() {
  local path=$1 flags=$2 part
  shift 2
  {
    printf '%s\n%s\n%s\n' "$path" "$flags" "$*"
    find "$@" -name '*.kt' -type f | LC_ALL=C sort | xargs -r sha256sum
    for part in ${path//:/ }; do
      if [ -e "$part.state" ]; then cat "$part.state"; fi
    done
  } | sha256sum
}

# kotlin_test_module MODULE CLASSPATH: the module's own tests, which see what is internal in it, into $KOTLIN_OUT/MODULE-tests.
kotlin_test_module() {
  KOTLINC_FLAGS=-Xfriend-paths=$PWD/$KOTLIN_OUT/$1 kotlinc_module "$1-tests" "$2" "android/$1/src/test/kotlin"
}

# kotlin_tests CLASSPATH CLASS-FOLDER...: runs the tests in the folders, with the core and the relay that cargo built.
kotlin_tests() {
  local path=$1
  shift
  kotlinc_module runner "$(class_path test)" tests/android/runner || return 1
  java -XX:+UseSerialGC -Djava.awt.headless=true -Djna.library.path="$CARGO_TARGET_DIR/debug" -Dnod.repository="$PWD" \
    -cp "$KOTLIN_OUT/runner:$(IFS=:; echo "$*"):$path:$(class_path jvm test)" nod.tests.RunnerKt "$@"
}

# The platform's resources as aapt2 reads them, from the jar with its classes.
need_framework() {
  FRAMEWORK=$(jars_folder android)/framework.apk
  if [ -e "$FRAMEWORK" ]; then return 0; fi
  need_debian python3 python3 || return 1
  python3 tests/android/framework.py "$(jars_folder android)"/android-all-*.jar "$FRAMEWORK.part" \
    && mv "$FRAMEWORK.part" "$FRAMEWORK"
}

need_android() {
  need_debian aapt2 aapt && need_jars android && need_framework
}
