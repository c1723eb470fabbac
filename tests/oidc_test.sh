#!/bin/bash
# Signing in through a real provider (oidc-provider from npm, run here), and every way in which it must not work.
# usage: oidc_test.sh YIPAN
set -euo pipefail
yipan="$1"
here="$(cd "$(dirname "$0")" && pwd)/oidc"
skip() { echo "SKIPPED $1"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
command -v node > /dev/null || skip "no node"
[ -d "$here/node_modules/oidc-provider" ] || (cd "$here" && npm ci --no-audit --no-fund > /dev/null 2>&1) || skip "no oidc-provider (cd tests/oidc && npm ci)"
work="$(mktemp -d)"
started=()
cleanup() { for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done; wait 2> /dev/null || true; rm -rf "$work"; }
trap cleanup EXIT
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
port="$(free_port)"
provider="$(free_port)"
base="http://127.0.0.1:$port/b/demo"
"$yipan" demo "$work/demo.board" > /dev/null
link="$("$yipan" --json account "$work/demo.board" zhang.san --person R-JF-2 | sed 's/.*#\([A-Za-z0-9_-]*\).*/\1/')"
(cd "$here" && exec node provider.mjs "$provider" "$base/api/oidc/callback") > "$work/provider.log" 2>&1 &
provider_pid=$!
started+=("$provider_pid")
cat > "$work/oidc.json" << JSON
{"issuer": "http://127.0.0.1:$provider", "client_id": "yipan", "client_secret": "a secret of the test", "redirect": "$base/api/oidc/callback", "hosts": ["127.0.0.1"]}
JSON
"$yipan" serve "$work/demo.board" --port "$port" --oidc "$work/oidc.json" > "$work/serve.log" 2>&1 &
started+=("$!")
for _ in $(seq 100); do grep -q ready "$work/provider.log" && curl -sf "$base/api/session" > /dev/null && break; sleep 0.1; done
curl -sf -H 'Content-Type: application/json' -d "{\"token\": \"$link\", \"new\": \"correct horse battery staple\"}" "$base/api/password" > /dev/null
node "$here/walk.mjs" "$base" "$provider" "$provider_pid" || { tail -n 5 "$work/provider.log" "$work/serve.log"; exit 1; }
