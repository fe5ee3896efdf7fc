#!/usr/bin/env bash
# Runs the gateway against a real OpenID Connect provider, the one of the npm registry. What it needs is installed once per lock.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
cd "$root"
cargo build --quiet -p latticelm
programs="${CARGO_TARGET_DIR:-$root/target}/debug"
modules="$here/node_modules"
hash="$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -d' ' -f1)"
if [ "$(cat "$modules/.hash" 2>/dev/null || true)" != "$hash" ]; then
  (cd "$here" && npm ci --silent --no-audit --no-fund)
  echo "$hash" > "$modules/.hash"
fi
LATTICELM="$programs/latticelm" node --test "$here/oidc.test.js"
