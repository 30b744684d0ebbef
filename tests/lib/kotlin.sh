# Compiles and tests the Android app's Kotlin without an SDK: plain kotlinc over the source folders that Gradle builds.
# Sourced by tests/run. What it costs and where it stumbles: docs/mobile-ci.md.

KOTLIN_OUT=target/android

# The compiler of tests/android/package-lock.json and the class paths of tests/android/pom.xml.
need_kotlin() {
  need_debian java default-jdk-headless && need_debian node nodejs && need_debian npm npm || return 1
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
  mvn --batch-mode --quiet -Dstyle.color=never --file tests/android/pom.xml --activate-profiles "$1" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$folder" \
    && touch "$folder/complete"
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
  local name=$1 path=$2 out=$KOTLIN_OUT/$1 state flags=()
  shift 2
  read -ra flags <<<"${KOTLINC_FLAGS-}"
  case " ${flags[*]-} " in *' -nowarn '*) ;; *) flags+=(-Werror) ;; esac
  state=$(kotlin_state "$path" "${flags[*]}" "$@") || return 1
  if [ "$(cat "$out.state" 2>/dev/null)" = "$state" ]; then return 0; fi
  rm -rf "$out" "$out.state" && mkdir -p "$out" || return 1
  JAVA_OPTS='-Xmx2g -XX:+UseSerialGC -XX:TieredStopAtLevel=4' bash "$KOTLIN_HOME/bin/kotlinc" \
    -no-stdlib -no-reflect -jvm-target 17 -module-name "$name" \
    "${flags[@]}" -cp "$path" -d "$out" "$@" || return 1
  printf '%s\n' "$state" >"$out.state"
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

# kotlin_tests CLASSPATH CLASS-FOLDER...: runs the tests in the folders; the Rust core is found through NOD_LIB_DIR.
kotlin_tests() {
  local path=$1
  shift
  kotlinc_module runner "$(class_path test)" tests/android/runner || return 1
  java -XX:+UseSerialGC -Djava.awt.headless=true -Djna.library.path="${NOD_LIB_DIR-}" \
    -cp "$path:$(class_path jvm test "$KOTLIN_OUT/runner"):$KOTLIN_LIB/kotlin-test.jar:$KOTLIN_LIB/kotlin-test-junit5.jar" \
    nod.tests.RunnerKt "$@"
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
