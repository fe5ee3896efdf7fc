#!/usr/bin/env bash
# Runs the workspace's tests again and again while every processor is kept busy by something else: `scripts/test-busy.sh [TIMES]`.
# A test that depends on the clock's luck shows here.
set -euo pipefail
cd "$(dirname "$0")/.."

times=${1:-10}
log=${CARGO_TARGET_DIR:-$PWD/target}/test-busy.log
scripts/need.sh cc
cargo test --workspace --quiet --no-run

burners=()
stop() { [ ${#burners[@]} -eq 0 ] || kill "${burners[@]}" 2>/dev/null || true; }
trap stop EXIT
# Two for each processor, so that the tests get a third of it.
for _ in $(seq $((2 * $(nproc)))); do
  (while :; do :; done) &
  burners+=($!)
done

for round in $(seq "$times"); do
  begun=$SECONDS
  cargo test --workspace --quiet >"$log" 2>&1 || {
    grep -E '^(test .* FAILED|failures:|---- |thread .* panicked)' -A 12 "$log" | head -n 80
    echo "test-busy: round $round of $times failed; all of it is in $log"
    exit 1
  }
  echo "test-busy: round $round of $times passed in $((SECONDS - begun)) s"
done
