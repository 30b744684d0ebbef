# The suites that are not Rust: a stock JWT library, property tests of the OpenAPI document, and a real browser.
# Sourced by tests/run.

about_python() { echo 'answers of the REST API, verified by PyJWT'; }
suite_python() {
  need_python && need_nod || return 1
  PYTHONDONTWRITEBYTECODE=1 "$VENV/bin/python" tests/python/run.py
}

about_schema() { echo 'requests made up from the OpenAPI document, by schemathesis'; }
suite_schema() {
  need_venv tests/schema/requirements.txt && need_nod || return 1
  PYTHONDONTWRITEBYTECODE=1 "$VENV/bin/python" tests/schema/run.py
}

about_browser() { echo 'the demo and the portal in headless Chromium'; }
suite_browser() {
  need_browser && need_debian oathtool oathtool && need_nod || return 1
  node tests/browser/run.js
}

need_nod() {
  # Nothing to do where it is fresh; a stale one would be tested in its place.
  cargo test --quiet --locked --workspace --no-run 2>"$CACHE/build.log" || { tail -n 40 "$CACHE/build.log"; return 1; }
  [ -x "$NOD_BIN" ]
}
