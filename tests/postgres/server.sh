#!/bin/bash
# A PostgreSQL server of its own in a temporary folder, on a Unix socket, with fsync on.
#   server.sh start FOLDER    prints the address of a database of it
#   server.sh stop FOLDER     as it should be
#   server.sh kill FOLDER     the postmaster and all its processes at once, as a power cut would
#   server.sh again FOLDER    started once more
#   server.sh replica FOLDER NEW    a streaming replica of the server of FOLDER in NEW; prints the address of the database there
# The server must not run as root: then it runs as the user postgres.
set -euo pipefail
what="$1" folder="$2"
bin="${YIPAN_POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}"
[ -x "$bin/postgres" ] || { echo "no PostgreSQL here: install postgresql" >&2; exit 1; }
as() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --init-groups env -i PATH="$bin:/usr/bin:/bin" HOME=/tmp LC_ALL=C.UTF-8 "$@"; else env PATH="$bin:$PATH" LC_ALL=C.UTF-8 "$@"; fi
}
run() {
    as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -s start ||
        { cat "$folder/log" >&2; exit 1; }
}
case "$what" in
start)
    mkdir -p "$folder"
    chmod 755 "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    as "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$folder/initdb.log" 2>&1 ||
        { cat "$folder/initdb.log" >&2; exit 1; }
    as tee -a "$folder/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
unix_socket_permissions = 0777
fsync = on
synchronous_commit = on
max_connections = 200
shared_buffers = 128MB
CONF
    run
    as "$bin/createdb" -h "$folder" -U postgres yipan
    echo "postgresql://postgres@/yipan?host=$folder"
    ;;
stop) as "$bin/pg_ctl" -D "$folder/data" -w -s -m fast stop ;;
kill)
    postmaster="$(head -n 1 "$folder/data/postmaster.pid")"
    children="$(ps -o pid= --ppid "$postmaster" || true)"
    # shellcheck disable=SC2086
    kill -9 "$postmaster" $children 2>/dev/null || true
    for _ in $(seq 100); do
        ps -o pid= --ppid "$postmaster" 2>/dev/null | grep -q . || kill -0 "$postmaster" 2>/dev/null || break
        sleep 0.1
    done
    ;;
again)
    for _ in $(seq 50); do  # until the last process of the former one has let go of the memory
        if as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -s start 2>/dev/null; then exit 0; fi
        sleep 0.2
    done
    run
    ;;
replica)
    new="$3"
    mkdir -p "$new"
    chmod 755 "$new"
    if [ "$(id -u)" = 0 ]; then chown postgres "$new"; fi
    as "$bin/pg_basebackup" -h "$folder" -U postgres -D "$new/data" -R -X stream -c fast
    as tee -a "$new/data/postgresql.conf" >/dev/null <<CONF
unix_socket_directories = '$new'
hot_standby = on
CONF
    folder="$new"
    run
    echo "postgresql://postgres@/yipan?host=$new"
    ;;
*) echo "server.sh start|stop|kill|again|replica FOLDER" >&2; exit 2 ;;
esac
