#!/bin/bash
# Walks the page in a real browser: tests/browser/run.sh [TEXT] (journeys whose name holds TEXT). Says why and skips where node, Chromium or the
# packages of web/package-lock.json are missing.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
if ! command -v node > /dev/null; then
    echo "skipped: browser journeys: no node"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
exec node "$root/tests/browser/journeys.mjs" "$@"
