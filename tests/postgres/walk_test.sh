#!/bin/bash
# The walk of tests/walk_test.sh, its board in a database. Run it through with_server.sh.   walk_test.sh PROGRAM
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
sign='?'; case "$YIPAN_TEST_POSTGRES" in *\?*) sign='\&' ;; esac
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
sed "s#walk\.board#'${YIPAN_TEST_POSTGRES}${sign}board=walk_$$'#g" "$here/../walk_test.sh" > "$folder/walk.sh"
bash "$folder/walk.sh" "$1"
bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
"$bin/psql" -q "$YIPAN_TEST_POSTGRES" -c "SET client_min_messages = warning; DROP SCHEMA \"walk_$$\" CASCADE"
