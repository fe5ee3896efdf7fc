#!/usr/bin/env bash
# Builds the gateway and starts it; arguments go to it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cc
echo "building latticelm (the first time takes some minutes)"
cargo build --release -p latticelm
exec "${CARGO_TARGET_DIR:-target}/release/latticelm" serve "$@"
