# Fuzzes the parsers with libFuzzer on the stable compiler: cargo-fuzz and nightly are not needed.
# Sourced by tests/run.

# Every target of tests/fuzz, by name. A target that is missing here or there fails the suite.
FUZZ_TARGETS=(qr jws jwe frames otpauth moving)
FUZZ_AT_ONCE=2

about_fuzz() { echo "${#FUZZ_TARGETS[@]} targets, ${FUZZ_SECONDS:-60} s each, $FUZZ_AT_ONCE at a time"; }
suite_fuzz() {
  local bad=0 binaries=$PWD/target/fuzz target running=()
  need_compilers || return 1
  check 'the targets are those listed' fuzz_targets_agree || bad=1
  check 'the targets build' build_fuzz_targets "$binaries" || return 1
  binaries=$binaries/$(host_triple)/release
  for target in "${FUZZ_TARGETS[@]}"; do
    if [ "${#running[@]}" -ge "$FUZZ_AT_ONCE" ]; then
      wait "${running[0]}" || bad=1
      running=("${running[@]:1}")
    fi
    check "fuzz $target" fuzz_one "$target" "$binaries" &
    running+=("$!")
  done
  for target in "${running[@]}"; do wait "$target" || bad=1; done
  return "$bad"
}

host_triple() { rustc -vV | sed -n 's/^host: //p'; }

fuzz_targets_agree() {
  local there listed
  there=$(cargo metadata --locked --no-deps --format-version 1 --manifest-path tests/fuzz/Cargo.toml \
    | grep -o '"kind":\["bin"\],"crate_types":\["bin"\],"name":"[^"]*"' | sed 's/.*"name":"//; s/"$//' | sort)
  listed=$(printf '%s\n' "${FUZZ_TARGETS[@]}" | sort)
  if [ "$there" != "$listed" ]; then
    printf 'tests/fuzz has:\n%s\ntests/lib/fuzz.sh lists:\n%s\n' "$there" "$listed"
    return 1
  fi
}

# The flags that instrument for libFuzzer. `--target` keeps them off build scripts and macros.
build_fuzz_targets() {
  local flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4'
  flags+=' -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table'
  flags+=' -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0'
  flags+=' -Ccodegen-units=1 -Dwarnings -Cdebug-assertions -Coverflow-checks --cfg fuzzing'
  RUSTFLAGS=$flags CARGO_TARGET_DIR=$1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_STRIP=none \
    cargo build --locked --release --bins --manifest-path tests/fuzz/Cargo.toml --target "$(host_triple)"
}

# Starts from the committed corpus; what is found goes to the build folder, crashes to tests/fuzz/artifacts.
fuzz_one() {
  local target=$1 corpus=tests/fuzz/corpus/$1 found=target/fuzz/found/$1 log=$LOGS/fuzz-$1.log
  if [ -z "$(ls "$corpus" 2>/dev/null)" ]; then
    echo "$corpus is empty: the corpus is committed"
    return 1
  fi
  mkdir -p "$found" "tests/fuzz/artifacts/$target"
  if ! "$2/$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -max_len=16500 \
    -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="tests/fuzz/artifacts/$target/" "$found" "$corpus" >"$log" 2>&1; then
    tail -n 40 "$log"
    return 1
  fi
  # Without instrumentation libFuzzer runs but sees no coverage: that is a failure too.
  grep -E '^Done [0-9]+ runs' "$log" && grep -Eq ' cov: [1-9]' "$log"
}
