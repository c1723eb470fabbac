#!/bin/bash
# A pooler before the database: in transaction mode it is recognised and refused with a sentence, in session mode a board
# works. Without pgbouncer the test says that it was not run.
#   pooler_test.sh PROGRAM       starts a server and a pooler of its own
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../expect.sh"
limit=60
program="$1"
here="$(cd "$(dirname "$0")" && pwd)"
command -v pgbouncer > /dev/null || { echo "pgbouncer is not installed: 0 passed, 0 failed, 1 skipped"; exit 0; }
folder="$(mktemp -d "${TMPDIR:-/tmp}/yipan-pooler-XXXXXX")"
cleanup() {
    for pid in $(jobs -p); do kill "$pid" 2> /dev/null; done
    bash "$here/server.sh" stop "$folder" 2> /dev/null
    rm -rf "$folder"
}
trap cleanup EXIT
direct="$(bash "$here/server.sh" start "$folder")" || exit 1
export XDG_STATE_HOME="$folder/state"
expect 0 types init "$direct&board=pooled" --name 试验
for mode in transaction session; do
    place="$folder/$mode"
    mkdir "$place"
    chmod 777 "$place"
    cat > "$place/pgbouncer.ini" <<CONF
[databases]
yipan = host=$folder dbname=yipan user=postgres
[pgbouncer]
pool_mode = $mode
listen_addr =
listen_port = 6432
unix_socket_dir = $place
auth_type = any
CONF
    user=(); [ "$(id -u)" = 0 ] && user=(setpriv --reuid postgres --regid postgres --init-groups)
    "${user[@]}" pgbouncer -q "$place/pgbouncer.ini" > "$place/log" 2>&1 &
    for _ in $(seq 50); do [ -S "$place/.s.PGSQL.6432" ] && break; sleep 0.1; done
    address="postgresql://postgres@/yipan?host=$place&port=6432&board=pooled"
    if [ "$mode" = transaction ]; then
        expect 1 'pooler in transaction mode' verify "$address"
        expect 1 'pooler in transaction mode' set "$address" organ JC name=甲 kind=zone
    else
        expect 0 'created' set "$address" organ JC name=甲 kind=zone
        expect 0 'verified' verify "$address"
    fi
done
expect 0 'verified' verify "$direct&board=pooled"
printf '%s passed, %s failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
