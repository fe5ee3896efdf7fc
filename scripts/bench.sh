#!/usr/bin/env bash
# The benchmarks: parts first (criterion), then the whole process beside a bare proxy and nginx. `scripts/bench.sh [quick | stores]`
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-full}
scripts/need.sh cc python nginx postgres
echo "bench: building the gateway as it ships (the first time takes minutes)"
cargo build --quiet --profile dist -p latticelm
target=${CARGO_TARGET_DIR:-$PWD/target}
echo "bench: building the mock, the load generator and the bare proxy"
CARGO_TARGET_DIR="$target/bench" cargo build --quiet --release --locked --manifest-path bench/Cargo.toml

if [ "$mode" = full ]; then
  cargo bench --workspace --benches
fi
export LATTICELM_BIN="$target/dist/latticelm" BENCH_BIN="$target/bench/release" BENCH_WORK="$target/bench/work"
python3 bench/bench.py "$mode"
