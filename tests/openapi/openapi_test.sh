#!/bin/bash
# The OpenAPI document of the demo board, as three different people get it, before an independent validator (npm, package-lock.json beside).
# usage: openapi_test.sh YIPAN WORK
set -euo pipefail
yipan="$1" work="$2"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
skip() { echo "skipped: $1"; echo "0 passed, 0 failed, 3 skipped"; exit 0; }
for program in node npm curl; do command -v "$program" > /dev/null || skip "$program is missing (tools/packages.txt)"; done
mkdir -p "$work"
cp "$here"/package.json "$here"/package-lock.json "$here"/validate.mjs "$work"/
if [ ! -d "$work/node_modules/@apidevtools/swagger-parser" ]; then
    (cd "$work" && timeout 120 npm ci --no-audit --no-fund > npm.log 2>&1) || skip "npm could not install the validator"
fi
folder="$(mktemp -d)"
server=""
trap '[ -n "$server" ] && kill "$server" 2> /dev/null; rm -rf "$folder"' EXIT
"$yipan" demo "$folder/demo.board" > /dev/null
"$yipan" serve "$folder/demo.board" --port 0 --json > "$folder/out" &
server=$!
for _ in $(seq 100); do
    port="$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$folder/out")"
    [ -n "$port" ] && break
    sleep 0.1
done
api="http://127.0.0.1:$port/b/demo/api"
passed=0 failed=0
for person in $(curl -s "$api/demo/people" | grep -o '"person":{"id":[0-9]*' | grep -o '[0-9]*$' | sed -n '1p;3p;5p'); do
    rm -f "$folder/cookies"
    curl -s -c "$folder/cookies" -H 'Content-Type: application/json' -d "{\"person\":$person}" "$api/demo/session" > /dev/null
    curl -s -b "$folder/cookies" "$api/openapi.json" > "$folder/openapi.json"
    if (cd "$work" && node validate.mjs "$folder/openapi.json"); then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -eq 3 ]
