#!/bin/bash
# with_server.sh COMMAND...: runs it with YIPAN_TEST_POSTGRES naming a database; the word {} in the command becomes its
# address. One that is named already (a Citus cluster, say) is used as it is; otherwise a server is started in a
# temporary folder and goes with it.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(mktemp -d "${TMPDIR:-/tmp}/yipan-postgres-XXXXXX")"
cleanup() {
    if [ -d "$folder/data" ]; then bash "$here/server.sh" stop "$folder" || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT
if [ -z "${YIPAN_TEST_POSTGRES:-}" ]; then
    YIPAN_TEST_POSTGRES="$(bash "$here/server.sh" start "$folder")"
fi
export YIPAN_TEST_POSTGRES XDG_STATE_HOME="$folder/state"
words=()
for word in "$@"; do words+=("${word//\{\}/$YIPAN_TEST_POSTGRES}"); done
"${words[@]}"
