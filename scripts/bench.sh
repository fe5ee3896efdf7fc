#!/usr/bin/env bash
# The benchmarks: parts first, then the whole process beside nginx and a bare proxy.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cc
cargo bench --workspace --benches
if [ -x bench/run.sh ]; then
  bench/run.sh "$@"
fi
