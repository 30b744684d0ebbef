# The binary, and everything that `cargo test` runs.
# Sourced by tests/run.

about_build() { echo 'the binary that the tests drive'; }
suite_build() {
  need_compilers || return 1
  # The tests too: alone, the binary would have its libraries compiled with other features, and so a second time.
  check 'cargo build' cargo test --locked --workspace --no-run && [ -x "$NOD_BIN" ]
}

about_rust() { echo 'unit, property, architecture, hostile-relay, crash and end-to-end tests'; }
suite_rust() {
  need_compilers && need_debian oathtool oathtool \
    && need_debian /usr/lib/python3/dist-packages/aiosmtpd python3-aiosmtpd || return 1
  cargo test --locked --workspace --no-fail-fast
}
