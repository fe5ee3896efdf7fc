#!/usr/bin/env bash
# Kills the gateway under load, ROUNDS times on SQLite and as often on PostgreSQL, and looks at what is left each time.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cc postgres
CRASH_ROUNDS="${1:-200}" cargo test -p latticelm --test crash -- --nocapture
