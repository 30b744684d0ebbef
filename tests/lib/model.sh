# Checks the state machine of challenges, moves and revocation with the model checker stateright.
# Sourced by tests/run.

about_model() { echo 'challenges, moves and revocation in every schedule, with each rule and without it'; }
suite_model() {
  local bad=0 there=(--manifest-path tests/model/Cargo.toml)
  need_compilers && need_rust_component fmt rustfmt && need_rust_component clippy clippy || return 1
  check 'the model is formatted' cargo fmt "${there[@]}" --check || bad=1
  there+=(--locked --target-dir target/model)
  check 'the model passes every lint' cargo clippy "${there[@]}" --all-targets -- -D warnings || bad=1
  check 'the model builds' cargo build "${there[@]}" --release || return 1
  target/model/release/nod-model || bad=1
  return "$bad"
}
