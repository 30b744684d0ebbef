# The sources that are generated for the apps are what the crate and the words make. Sourced by tests/run.

about_bindings() { echo 'generated Kotlin, Swift and words are fresh'; }
suite_bindings() {
  local bad=0
  need_compilers && need_debian python3 python3 || return 1
  check 'the bindings are fresh' bindings/generate --check || bad=1
  check 'a stale binding would be found' stale_binding_found || bad=1
  check 'the words are complete and fresh' bindings/words/generate --check || bad=1
  return "$bad"
}

# The same check over a copy with one call renamed must fail.
stale_binding_found() {
  local kept=bindings/swift/nod_ffi.swift bad=0
  cp "$kept" "$LOGS/nod_ffi.swift" || return 1
  sed -i '0,/func accounts/s//func accountz/' "$kept"
  bindings/generate --check >"$LOGS/stale.log" 2>&1 && bad=1
  cp "$LOGS/nod_ffi.swift" "$kept"
  [ "$bad" = 0 ] && grep -q 'bindings/swift is stale' "$LOGS/stale.log"
}
