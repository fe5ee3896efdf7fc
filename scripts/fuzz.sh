#!/usr/bin/env bash
# Runs every fuzz target: `scripts/fuzz.sh [SECONDS]` for each of them (10 by default; `make fuzz` runs long).
# libFuzzer's instrumentation is a matter of code generation, so the stable compiler does; no sanitizer is needed, as
# there is no unsafe code to sanitize.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares"
target=$(rustc -vV | sed -n 's/^host: //p')

echo "fuzz: building the targets"
cargo build --quiet --release --target "$target" --manifest-path fuzz/Cargo.toml --bins

# Seeds: the recorded traffic, each stream and body in a file of its own.
seeds=$CARGO_TARGET_DIR/seeds
python3 scripts/fuzz_seeds.py "$seeds"

for name in sse request decoders; do
  corpus=$CARGO_TARGET_DIR/corpus/$name
  mkdir -p "$corpus" "$CARGO_TARGET_DIR/artifacts/$name"
  echo "fuzz: $name for $seconds s"
  "$CARGO_TARGET_DIR/$target/release/$name" "$corpus" "$seeds/$name" \
    -max_total_time="$seconds" -max_len=65536 -timeout=60 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=0 \
    -artifact_prefix="$CARGO_TARGET_DIR/artifacts/$name/" >"$CARGO_TARGET_DIR/$name.log" 2>&1 || {
    tail -n 40 "$CARGO_TARGET_DIR/$name.log"
    echo "fuzz: $name failed; the input that did it is in $CARGO_TARGET_DIR/artifacts/$name/"
    exit 1
  }
done
echo "fuzz: nothing found"
