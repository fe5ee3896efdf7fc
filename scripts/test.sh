#!/usr/bin/env bash
# Runs all tests, the fast ones first; installs what they need. Says at its end how many ran and how long each part took.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cc cxx python node postgres redis

logs="${CARGO_TARGET_DIR:-target}/test-logs"
mkdir -p "$logs"
summary=""
total=0

part() { # part NAME COUNTER COMMAND...: runs one part; COUNTER reads its output and prints how many tests ran
  local name=$1 counter=$2 log begun=$SECONDS ran
  shift 2
  log="$logs/$(tr ' ' '-' <<<"$name").log"
  echo "== $name"
  "$@" 2>&1 | tee "$log"
  ran=$("$counter" <"$log")
  total=$((total + ran))
  summary+=$(printf '%-12s %6d tests %6d s' "$name" "$ran" $((SECONDS - begun)))$'\n'
}

of_cargo() { awk '/^test result:/ { n += $4 } END { print n + 0 }'; }
of_sdks() { awk '/^[0-9]+ passed/ { n += $1 } /^# pass|^ℹ pass/ { n += $3 } END { print n + 0 }'; }
of_fuzz() { grep -c '^fuzz: .* for ' || true; }

part workspace of_cargo cargo test --workspace --quiet
part sdks of_sdks tests/sdk/run.sh
part oidc of_sdks tests/oidc/run.sh
part fuzz of_fuzz scripts/fuzz.sh "${FUZZ_SECONDS:-5}"

printf '\n%s' "$summary"
echo "all tests passed: $total in $SECONDS s"
