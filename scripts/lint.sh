#!/usr/bin/env bash
# Formatting, clippy, documentation, and the rules for dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cc
cargo fmt --all --check
cargo clippy --workspace --all-targets --quiet -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet

if ! command -v cargo-deny >/dev/null; then
  echo "installing cargo-deny (it has to be compiled: some minutes)"
  cargo install --quiet --locked cargo-deny
fi
cargo deny --log-level error check bans licenses sources
# The advisory database is fetched from the network, which not every machine reaches.
if ! timeout 60 cargo deny --log-level error check advisories >/tmp/latticelm-advisories 2>&1; then
  if grep -q -i -E 'failed to (fetch|clone|acquire|load)|unable to' /tmp/latticelm-advisories; then
    echo "lint: the advisory database could not be reached, so advisories were NOT checked"
  else
    cat /tmp/latticelm-advisories
    exit 1
  fi
fi
echo "lint: clean"
