# The phone side for phones: no C in its default features, and it compiles for both systems.
# Sourced by tests/run.

DEVICE_TARGETS=(aarch64-linux-android aarch64-apple-ios)

about_devices() { echo 'nod-protocol, nod-phone and nod-ffi for Android and iOS, without C'; }
suite_devices() {
  local bad=0 target
  check 'the search for C finds the relay'"'"'s' finds_c_in_the_relay || bad=1
  for target in "${DEVICE_TARGETS[@]}"; do
    check "no C for $target" no_c "$target" || bad=1
    check "cargo check for $target" check_device "$target" || bad=1
    check "cargo check of the bindings for $target" check_bindings "$target" || bad=1
  done
  return "$bad"
}

# Names the crates of a package's tree that compile or link C.
crates_with_c() {
  cargo tree --locked -p "$1" --target "$2" -e normal,build --prefix none --format '{p}' \
    | awk '{ print $1 }' | sort -u \
    | grep -E '^(cc|cmake|bindgen|pkg-config|nasm-rs|ring|openssl|native-tls|aws-lc-rs|.*-sys)$'
}

no_c() {
  local found
  # An empty tree would look clean: the crate itself must be in it.
  cargo tree --locked -p nod-phone --target "$1" -e normal --prefix none | grep -q '^nod-protocol ' || return 1
  found=$(crates_with_c nod-phone "$1")
  if [ -n "$found" ]; then
    printf 'nod-phone depends on C for %s through:\n%s\n' "$1" "$found"
    return 1
  fi
}

finds_c_in_the_relay() {
  [ -n "$(crates_with_c nod-relay x86_64-unknown-linux-gnu)" ]
}

# With rustup's own standard library for the target where that is installed, else with Debian's sources of it.
check_device() { cargo_for "$1" -p nod-protocol -p nod-phone; }

# Without `net`: ring, which TLS needs, is assembly and C, for which the targets' own compilers are needed.
check_bindings() { cargo_for "$1" -p nod-ffi --no-default-features; }

cargo_for() {
  local target=$1
  shift
  if rustup target list --installed 2>/dev/null | grep -qx "$target"; then
    cargo check --locked --target "$target" "$@"
  else
    need_debian_rust || return 1
    PATH=/usr/bin:/bin RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$PWD/target/devices \
      /usr/bin/cargo check --locked -Zbuild-std --target "$target" "$@" \
      --config 'profile.dev.package."*".opt-level=0' --config profile.dev.debug=false
  fi
}
