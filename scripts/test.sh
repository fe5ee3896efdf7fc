#!/usr/bin/env bash
# Runs all tests, the fast ones first; installs what they need.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cc cxx python node

echo "== tests of the workspace"
cargo test --workspace --quiet

if [ -x tests/sdk/run.sh ]; then
  echo "== the official SDKs"
  tests/sdk/run.sh
fi

echo "== fuzz targets, briefly"
scripts/fuzz.sh "${FUZZ_SECONDS:-5}"
echo "all tests passed"
