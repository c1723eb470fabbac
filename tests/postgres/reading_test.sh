#!/bin/bash
# A process that reads from a streaming replica, positions that are waited for, a database that goes away and comes back, and
# a server without fsync. Both servers are the test's own: they are paused, stopped and started.   reading_test.sh PROGRAM
set -u
program="$1"
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(mktemp -d "${TMPDIR:-/tmp}/yipan-reading-XXXXXX")"
cleanup() {
    for pid in $(jobs -p); do kill -9 "$pid" 2> /dev/null; done
    wait 2> /dev/null
    for one in replica main; do [ -d "$folder/$one/data" ] && bash "$here/server.sh" stop "$folder/$one" 2> /dev/null; done
    rm -rf "$folder"
}
trap cleanup EXIT
chmod 755 "$folder"
cd "$folder" || exit 1
export XDG_STATE_HOME="$folder/state"
bin="$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)"
passed=0; failed=0
# good WHAT COMMAND...
good() { if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1"; fi; }
wait_for() { for _ in $(seq 600); do "$@" 2> /dev/null && return 0; sleep 0.1; done; return 1; }

main="$(bash "$here/server.sh" start "$folder/main")" || exit 1
board="$main&board=reading"
"$program" demo "$board" > /dev/null || exit 1
replica="$(bash "$here/server.sh" replica "$folder/main" "$folder/replica")" || exit 1

api() { echo "$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$1" | head -n 1)api"; }
answers() { grep -q address "$1" && curl -fsS -m 2 -o /dev/null "$(api "$1" | sed "s,/b/.*,,")/healthz"; }
"$program" --lang en serve "$board" --port 0 --json > writer 2> writer.err & writer=$!
wait_for answers writer || { cat writer.err; exit 1; }
"$program" --lang en serve "$board" --replica "$replica&board=reading" --port 0 --json > reader 2> reader.err & reader=$!
wait_for answers reader || { cat reader.err; exit 1; }
w="$(api writer)"; r="$(api reader)"

cookie=none csrf=none
# ask METHOD URL [BODY] [HEADER]: the status; the answer lies in `answer`, its headers in `head`
ask() { curl -s -m 40 -o answer -D head -w '%{http_code}' -X "$1" -H "Cookie: $cookie" -H "X-CSRF-Token: $csrf" -H 'Content-Type: application/json' ${4:+-H "$4"} ${3:+-d "$3"} "$2"; }
position() { sed -n 's/^[Yy]ipan-[Pp]osition: \([0-9]*\).*/\1/p' head | tr -d '\r' | tail -n 1; }
fact() { echo "{\"values\":{\"code\":\"$1\",\"item\":\"$1\",\"name\":\"reading\",\"organ\":$unit,\"officer\":$post,\"period\":\"2026H1\",\"quantity\":\"1\",\"measure\":\"个\",\"source\":\"test\"}}"; }
for person in $(seq 1 60); do
    cookie=none csrf=none
    ask POST "$r/demo/session" "{\"person\":$person}" > /dev/null
    cookie="$(sed -n 's/^[Ss]et-[Cc]ookie: \(yipan_session=[^;]*\).*/\1/p' head | tr -d '\r')"
    csrf="$(sed -n 's/.*"csrf":"\([^"]*\)".*/\1/p' answer)"
    post="$(sed -n 's/.*"post":{"id":\([0-9]*\).*/\1/p' answer)"
    unit="$(sed -n 's/.*"unit":{"id":\([0-9]*\).*/\1/p' answer)"
    [ -n "$unit" ] && [ "$(ask POST "$r/records/reported_fact" "$(fact "first")")" = 201 ] && break
done
good "somebody could sign in and write through the process that reads from a replica" grep -q '"id"' answer
p="$(position)"
good "what was written is read there at once" [ "$(ask GET "$r/records/reported_fact?filter=code%20%3D%3D%20%22first%22&min_position=$p")" = 200 ]
good "and it is the row" grep -q '"first"' answer
good "the reader reads from the replica" [ "$("$bin/psql" -At "$replica" -c "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'yipan'")" = t ]

"$bin/psql" -q -At "$replica" -c 'SELECT pg_wal_replay_pause()' > /dev/null
good "the writer goes on" [ "$(ask POST "$w/records/reported_fact" "$(fact "second")")" = 201 ]
q="$(position)"
good "a position that the replica has not is refused" [ "$(ask GET "$r/records/reported_fact?min_position=$q")" = 503 ]
good "with a sentence" grep -q 'not yet' answer
good "and a time" grep -qi '^retry-after' head
good "without it the older position is answered" [ "$(ask GET "$r/records/reported_fact")" = 200 ]
good "which says what it is" [ "$(position)" -lt "$q" ]
"$bin/psql" -q -At "$replica" -c 'SELECT pg_wal_replay_resume()' > /dev/null
has_it() { [ "$(ask GET "$r/records/reported_fact?filter=code%20%3D%3D%20%22second%22" "" "Yipan-Min-Position: $q")" = 200 ]; }
good "when the replica has it, so has the reader" wait_for has_it

# The database goes away: no process ends, everybody is told, and all is well when it is back.
bash "$here/server.sh" stop "$folder/main"
good "the writer answers 503" [ "$(ask GET "$w/records/reported_fact")" = 503 ]
good "with a sentence" grep -q 'database' answer
if grep -q 'postgresql://' answer; then good "nobody is told where the database lies" false; fi
good "a write is refused with 503" [ "$(ask POST "$w/records/reported_fact" "$(fact "third")" "Idempotency-Key: third")" = 503 ]
good "through the reader as well" [ "$(ask POST "$r/records/reported_fact" "$(fact "third")" "Idempotency-Key: third")" = 503 ]
good "what the replica has is read on" [ "$(ask GET "$r/records/reported_fact")" = 200 ]
good "the processes run" kill -0 "$writer" "$reader"
bash "$here/server.sh" again "$folder/main"
writes_again() { [ "$(ask POST "$w/records/reported_fact" "$(fact "third")" "Idempotency-Key: third")" = 201 ]; }
good "afterwards the same request goes through" wait_for writes_again
through() { [ "$(ask POST "$r/records/reported_fact" "$(fact "third")" "Idempotency-Key: third")" = 201 ]; }
good "and through the reader it is the same record" wait_for through
good "which is there once" [ "$(ask GET "$w/records/reported_fact?filter=code%20%3D%3D%20%22third%22&total=exact")" = 200 ]

kill -TERM "$reader" "$writer"; wait "$reader" "$writer" 2> /dev/null
good "the board verifies" grep -q verified <("$program" verify "$board")

# A server that does not sync is refused to who writes.
"$bin/psql" -q "$main" -c "ALTER SYSTEM SET fsync = off" -c "SELECT pg_reload_conf()" > /dev/null
no_fsync() { "$program" --lang en set "$board" organ X9 name=甲 kind=zone 2>&1 | grep -q 'fsync = off'; }
good "a server with fsync = off is refused" wait_for no_fsync
good "and may still be read" grep -q verified <("$program" verify "$board")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
