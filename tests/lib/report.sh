# Runs a suite, shows its output as it comes, counts its tests and keeps the score.
# Sourced by tests/run.

LOGS=target/test-logs
TOTAL_PASSED=0
TOTAL_FAILED=0
SUMMARY=()

say() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }

# A single check inside a suite: prints the `ok`/`not ok` line that is counted.
check() {
  local name=$1
  shift
  local began=$SECONDS
  if "$@"; then
    printf 'ok %s (%s s)\n' "$name" "$((SECONDS - began))"
  else
    printf 'not ok %s (%s s)\n' "$name" "$((SECONDS - began))"
    return 1
  fi
}

# Reads a log on standard input; prints `PASSED FAILED`. Two forms are known:
# cargo's `test result:` lines, and lines that begin with `ok ` or `not ok `.
count_tests() {
  sed 's/\x1b\[[0-9;]*m//g' | awk '
    /^test result: / {
      for (i = 2; i <= NF; i++) {
        if ($i == "passed;") passed += $(i - 1)
        if ($i == "failed;") failed += $(i - 1)
      }
    }
    /^ok / { passed++ }
    /^not ok / { failed++ }
    END { printf "%d %d\n", passed, failed }
  '
}

# What a suite's exit status and counts come to: prints `PASSED FAILED`.
# An error that no test owns up to counts as one failure, and so does a suite that ran nothing.
judge() {
  local status=$1 passed=$2 failed=$3
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  if [ "$((passed + failed))" -eq 0 ]; then failed=1; fi
  printf '%d %d\n' "$passed" "$failed"
}

run_suite() {
  local suite=$1 log=$LOGS/$1.log began=$SECONDS status passed failed word
  say "$suite: $("about_$suite")"
  mkdir -p "$LOGS"
  (set -uo pipefail; "suite_$suite") </dev/null 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  read -r passed failed < <(count_tests <"$log")
  read -r passed failed < <(judge "$status" "$passed" "$failed")
  TOTAL_PASSED=$((TOTAL_PASSED + passed))
  TOTAL_FAILED=$((TOTAL_FAILED + failed))
  word=good
  if [ "$failed" -ne 0 ]; then word=BAD; fi
  SUMMARY+=("$(printf '%-4s %-8s %5d good %5d bad %6d s' "$word" "$suite" "$passed" "$failed" "$((SECONDS - began))")")
  note "${SUMMARY[-1]}"
}

# Exits with the verdict of the whole run.
print_summary() {
  say "summary (logs in $LOGS, $((SECONDS / 60)) min $((SECONDS % 60)) s in all)"
  printf '   %s\n' "${SUMMARY[@]}"
  printf '\n%d passed, %d failed\n' "$TOTAL_PASSED" "$TOTAL_FAILED"
  [ "$TOTAL_FAILED" -eq 0 ] && [ "$TOTAL_PASSED" -gt 0 ]
  exit
}
