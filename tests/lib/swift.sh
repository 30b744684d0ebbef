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
  mirror=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' \
    | sed -n 's/^Debian|Debian|//p' | head -n 1)
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
