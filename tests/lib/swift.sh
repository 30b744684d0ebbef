# Swift on Linux: Debian 13's compiler in a folder of its own, and what is built and tested with it.
# Sourced by tests/run.

# What the chroot holds; another value makes it anew. Debian 13 (trixie) ships Swift 6.0.3.
SWIFT_SUITE=trixie
SWIFT_WANTED='swiftlang,libc6-dev,libstdc++-14-dev,ca-certificates'

# need_swift: a Debian 13 with a Swift compiler under $CACHE, made once with mmdebstrap (about 1.6 GB).
# Sets SWIFT_ROOT. The mirror and its proxy are those of the machine's own apt.
need_swift() {
  local recipe mirror options
  recipe=$(swift_recipe | sha256sum | cut -c1-16)
  SWIFT_ROOT=$CACHE/swift-$recipe
  if [ -e "$SWIFT_ROOT/complete" ]; then return 0; fi
  need_debian mmdebstrap mmdebstrap || return 1
  # Trixie's keys came into bookworm's keyring with a later version of it.
  need_debian /usr/share/keyrings/debian-archive-trixie-stable.gpg debian-archive-keyring || return 1
  mirror=$(debian_mirror)
  if [ -z "$mirror" ]; then
    # Without its lists apt does not know which of its sources is Debian.
    swift_as_root apt-get update -qq
    mirror=$(debian_mirror)
  fi
  if [ -z "$mirror" ]; then
    echo 'apt knows no mirror of Debian: the Swift compiler comes from there.' >&2
    return 1
  fi
  note "making a Debian $SWIFT_SUITE with Swift in $SWIFT_ROOT (about 2 minutes and 1.6 GB)"
  options=$CACHE/swift-apt.conf
  apt-config dump | grep -E '^Acquire::(http|https|Retries)' >"$options"
  swift_as_root rm -rf --one-file-system "$SWIFT_ROOT"
  # shellcheck disable=SC2046 # one option a word
  swift_as_root mmdebstrap --quiet --mode=root --variant=apt --architectures="$(dpkg --print-architecture)" \
    --aptopt="$options" --include="$SWIFT_WANTED" $(swift_recipe | sed -n 's/^without /--dpkgopt=path-exclude=/p') \
    "$SWIFT_SUITE" "$SWIFT_ROOT" "$mirror" >"$CACHE/swift-debian.log" 2>&1 || {
    tail -n 20 "$CACHE/swift-debian.log" >&2
    return 1
  }
  swift_as_root touch "$SWIFT_ROOT/complete"
}

# The mirror of Debian that the machine's own apt uses.
debian_mirror() {
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' \
    | sed -n 's/^Debian|Debian|//p' | head -n 1
}

# What is in the chroot, a line each: the key of the cache, and what of the packages is left out.
swift_recipe() {
  printf '%s\n' "suite $SWIFT_SUITE" "packages $SWIFT_WANTED" \
    'without /usr/libexec/swift/lib/swift/embedded/*' \
    'without /usr/libexec/swift/lib/swift_static/*' \
    'without /usr/libexec/swift/lib/liblldb*' \
    'without /usr/libexec/swift/lib/libsourcekitd*' \
    'without /usr/libexec/swift/bin/lldb*' \
    'without /usr/libexec/swift/bin/clangd' \
    'without /usr/libexec/swift/bin/sourcekit-lsp' \
    'without /usr/libexec/swift/bin/docc' \
    'without /usr/share/doc/*' \
    'without /usr/share/man/*'
}

swift_as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# in_swift SOURCES BUILD COMMAND...: runs a command in the chroot, in /build, with the folder SOURCES
# read-only at /nod and BUILD writable at /build. The mounts live and die with the command; the network is
# the machine's own, so that a relay outside can be reached at 127.0.0.1.
in_swift() {
  local sources=$1 build=$2
  shift 2
  mkdir -p "$build" || return 1
  swift_as_root unshare --mount bash -euc '
    root=$1 sources=$2 build=$3
    shift 3
    mkdir -p "$root/nod" "$root/build"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mount --bind "$sources" "$root/nod"
    mount -o remount,bind,ro "$root/nod"
    mount --bind "$build" "$root/build"
    cd /
    exec chroot "$root" /usr/bin/env -i HOME=/build TMPDIR=/tmp LANG=C.UTF-8 PATH=/usr/bin:/bin:/usr/libexec/swift/bin \
      bash -c "cd /build && exec \"\$@\"" in_swift "$@"
  ' in_swift "$SWIFT_ROOT" "$sources" "$build" "$@"
}

# The folders of ios/ whose Swift is written by hand; Words/ is made by bindings/words/generate.
SWIFT_FOLDERS=(ios/NodKit)

about_swift() { echo 'NodKit: its rules, and its models against the core and real relays'; }
suite_swift() {
  local bad=0 build=$PWD/target/swift
  need_compilers && need_swift && need_nod || return 1
  check 'nothing but NodCore names the generated module' only_nodcore_names_the_core ios || bad=1
  check 'the search for such names finds them' finds_names_of_the_core || bad=1
  check 'NodKit names neither a platform nor the core' nodkit_is_pure ios/NodKit/Sources/NodKit || bad=1
  check 'Swift sources are formatted' swift_is_formatted "$build" || bad=1
  check 'the core as a library' cargo build --locked -p nod-ffi || return 1
  mkdir -p "$build/bin" && cp "$CARGO_TARGET_DIR/debug/libnod_ffi.so" "$NOD_BIN" "$build/bin/" || return 1
  check 'NodKit builds without a warning' swift_package "$build" build --build-tests || return 1
  swift_tests "$build" || bad=1
  return "$bad"
}

# Swift files under a folder, that name the generated module, or a type or call that only it has.
names_of_the_core() {
  grep -rlE --include='*.swift' \
    '^[[:space:]]*(@[a-zA-Z_]+[[:space:]]+)*import[[:space:]]+([a-z]+[[:space:]]+)?(NodFFI|nod_ffi)|\b(NodFFI|nod_ffi[A-Za-z]*|uniffi[A-Za-z_]*|FfiConverter[A-Za-z]*|NodPhone|NodEnrolment|NodEvents)\b' \
    "$1" | grep -v '/Sources/NodFFI/' | sort
}

only_nodcore_names_the_core() {
  local found
  # No name at all would mean that the search looks for the wrong ones.
  [ -n "$(names_of_the_core "$1/NodKit/Sources/NodCore")" ] || return 1
  found=$(names_of_the_core "$1" | grep -vE '/NodKit/(Sources/NodCore/|Package\.swift$)')
  if [ -n "$found" ]; then
    printf 'These name the generated module, which only NodCore may:\n%s\n' "$found"
    return 1
  fi
}

finds_names_of_the_core() {
  local folder=$LOGS/swift-names line
  for line in 'import NodFFI' '@preconcurrency import NodFFI' 'import struct NodFFI.MoveView' 'let phone: NodPhone'; do
    rm -rf "$folder" && mkdir -p "$folder/NodKit/Sources/NodCore" "$folder/App" || return 1
    printf 'import NodFFI\n' >"$folder/NodKit/Sources/NodCore/Core.swift"
    only_nodcore_names_the_core "$folder" || return 1
    printf '%s\n' "$line" >"$folder/App/View.swift"
    if only_nodcore_names_the_core "$folder" >/dev/null; then
      printf 'not found: %s\n' "$line"
      return 1
    fi
  done
}

# Observation is all that NodKit imports.
nodkit_is_pure() {
  local found
  found=$(grep -rnE --include='*.swift' '^[[:space:]]*(@[a-zA-Z_]+[[:space:]]+)*import[[:space:]]' "$1" \
    | grep -vE ':import Observation$')
  if [ -n "$found" ]; then
    printf '%s\n' "$found"
    return 1
  fi
}

swift_is_formatted() {
  local files=()
  mapfile -t files < <(find "${SWIFT_FOLDERS[@]}" -name '*.swift' -type f -not -path '*/Words/*' | sort)
  [ "${#files[@]}" -gt 10 ] || return 1
  in_swift "$PWD" "$1" swift-format lint --strict --configuration /nod/ios/.swift-format "${files[@]/#//nod/}"
}

# swift_package BUILD build|test ARGUMENT...: the package NodKit, linked with the core.
swift_package() {
  local build=$1 verb=$2
  shift 2
  in_swift "$PWD" "$build" env NOD_BIN="/build/bin/$(basename "$NOD_BIN")" \
    swift "$verb" --package-path /nod/ios/NodKit --scratch-path /build/NodKit -Xswiftc -warnings-as-errors \
    -Xlinker -L/build/bin -Xlinker -rpath -Xlinker /build/bin -Xlinker --allow-shlib-undefined "$@"
}

# Every test prints `ok NAME` or `not ok NAME`; as many must have run as the runner says.
swift_tests() {
  local log=$LOGS/swift-tests.log status ran told
  # Into a file: the runner writes without waiting, and what a full pipe does not take at once is lost.
  swift_package "$1" test --skip-build --disable-xctest >"$log" 2>&1
  status=$?
  sed -nE '/^(✔|✘) Test run with /d; s/^✔ Test (.*) passed after.*/ok \1/p; s/^✘ Test (.*) failed after.*/not ok \1/p;
           s/^✘ Test .* recorded an issue.*/   &/p' "$log"
  ran=$(grep -E '^(✔|✘) Test .* (passed|failed) after' "$log" | grep -cvE '^(✔|✘) Test run with ')
  told=$(sed -nE 's/^(✔|✘) Test run with ([0-9]+) tests.*/\2/p' "$log" | tail -n 1)
  if [ "$ran" != "${told:-none}" ]; then
    printf 'not ok the runner told of %s tests, %s were read\n' "${told:-none}" "$ran"
    tail -n 20 "$log"
    return 1
  fi
  return "$status"
}
