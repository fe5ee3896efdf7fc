#!/usr/bin/env bash
# Runs OpenAI's official SDKs (Python and Node) against the real gateway in front of the scripted provider. What they need
# is installed once per content of the lists of packages.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
cache="$root/.cache"
mkdir -p "$cache"

cd "$root"
cargo build --quiet -p latticelm -p lattice-testkit
programs="${CARGO_TARGET_DIR:-$root/target}/debug"

# The venv: made anew when its list changes.
venv="$cache/sdk-venv"
hash="$(sha256sum "$here/python/requirements.txt" | cut -d' ' -f1)"
if [ "$(cat "$venv/.hash" 2>/dev/null || true)" != "$hash" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt"
  echo "$hash" > "$venv/.hash"
fi

# node_modules: the same by the lock.
modules="$here/node/node_modules"
hash="$(cat "$here/node/package.json" "$here/node/package-lock.json" | sha256sum | cut -d' ' -f1)"
if [ "$(cat "$modules/.hash" 2>/dev/null || true)" != "$hash" ]; then
  (cd "$here/node" && npm ci --silent --no-audit --no-fund)
  echo "$hash" > "$modules/.hash"
fi

status=0
echo "== openai for Python"
"$venv/bin/python" "$here/stage.py" "$programs" "$venv/bin/python" -m pytest -q -p no:cacheprovider "$here/python" | tee "$cache/sdk-python.log" | tail -n 60 || status=1
echo "== openai for Node"
"$venv/bin/python" "$here/stage.py" "$programs" node --test "$here/node/responses.test.js" | tee "$cache/sdk-node.log" | tail -n 60 || status=1
exit "$status"
