#!/bin/bash
# Server processes of one board that nobody asks, and one whose hold was taken by another (decision 0042): connections are
# counted in pg_stat_activity. Run it through with_server.sh.   idle_test.sh PROGRAM
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../expect.sh"
limit=60
program="$1"
folder="$(mktemp -d)"
cd "$folder" || exit 1
base="$YIPAN_TEST_POSTGRES"; sign='?'; case "$base" in *\?*) sign='&' ;; esac
name="idle_$$"
board="$base${sign}board=$name"
bin="$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)"
cleanup() { for pid in $(jobs -p); do kill -9 "$pid" 2> /dev/null; done; wait 2> /dev/null; rm -rf "$folder"; }
trap cleanup EXIT
sql() { "$bin/psql" -X -q -At "$base" -c "$1"; }
wait_for() { for _ in $(seq 600); do "$@" 2> /dev/null && return 0; sleep 0.1; done; return 1; }
"$program" demo "$board" > /dev/null || exit 1

# start NAME OPTIONS...: a process whose connections carry its name
start() { PGAPPNAME="$name-$1" "$program" --lang en serve "$board" --port 0 --json "${@:2}" > "$1" 2> "$1.err" & last=$!; }
home() { sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$1" | head -n 1; }
root() { home "$1" | sed "s,/b/.*,,"; }
answers() { [ -n "$(home "$1")" ] && curl -fsS -m 5 -o /dev/null "$(root "$1")/healthz"; }
writes() { curl -fsS -m 5 "$(root "$1")/metrics" | grep -q '^yipan_writes_the_board 1'; }
reads_only() { curl -fsS -m 5 "$(root "$1")/metrics" | grep -q '^yipan_writes_the_board 0'; }
connections() { sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$name-$1'"; }
has() { [ "$(connections "$1")" = "$2" ]; }
has_some() { [ "$(connections "$1")" -gt 0 ]; }
ask() { curl -s -m 40 -o answer -D head -w '%{http_code}' -X "$1" -H "Cookie: $cookie" -H "X-CSRF-Token: $csrf" -H 'Content-Type: application/json' ${4:+-H "$4"} ${3:+-d "$3"} "$2"; }
# write PROCESS CODE: the status
write() { ask POST "$(home "$1")api/records/reported_fact" "{\"values\":{\"code\":\"$2\",\"item\":\"$2\",\"name\":\"idle\",\"organ\":$unit,\"officer\":$post,\"period\":\"2026H1\",\"quantity\":\"1\",\"measure\":\"个\",\"source\":\"test\"}}" "Idempotency-Key: $2"; }
read_back() { ask GET "$(home "$1")api/records/reported_fact?filter=code%20%3D%3D%20%22$2%22" > status && grep -q "\"$2\"" answer; }
sign_in() {
    for person in $(seq 1 60); do
        cookie=none csrf=none
        ask POST "$(home "$1")api/demo/session" "{\"person\":$person}" > /dev/null
        cookie="$(sed -n 's/^[Ss]et-[Cc]ookie: \(yipan_session=[^;]*\).*/\1/p' head | tr -d '\r')"
        csrf="$(sed -n 's/.*"csrf":"\([^"]*\)".*/\1/p' answer)"
        post="$(sed -n 's/.*"post":{"id":\([0-9]*\).*/\1/p' answer)"
        unit="$(sed -n 's/.*"unit":{"id":\([0-9]*\).*/\1/p' answer)"
        [ -n "$unit" ] && [ "$(write "$1" "try-$person")" = 201 ] && return 0
    done
    return 1
}

# One process, nobody asks.
start a --idle 1; a=$last
good "it answers" wait_for answers a
good "somebody may write" sign_in a
good "while it is used it has connections" has_some a
good "unused it gives all back" wait_for has a 0
good "and goes on answering whoever watches the process" answers a
good "which takes no connection" has a 0
good "what is read takes one" read_back a "try-$person"
good "and wakes it" has_some a
good "it rests again" wait_for has a 0
good "a write wakes it" [ "$(write a woken)" = 201 ]
good "it rests once more" wait_for has a 0

# A command writes meanwhile: nobody holds it up, and the process shows it.
expect 0 'created' set "$board" organ XX1 name=甲 kind=zone
good "what the command wrote is shown by the process that rested" [ "$(ask GET "$(home a)api/records/organ?filter=code%20%3D%3D%20%22XX1%22")" = 200 ]
good "and it is the row" grep -q '"XX1"' answer
good "which writes again, nobody else does" [ "$(write a after-command)" = 201 ]
good "as the one that writes" writes a

# Who follows events keeps it awake.
curl -sN -m 60 -H "Cookie: $cookie" "$(home a)api/events" > events & stream=$!
wait_for test -s events
sleep 3
good "somebody follows events: it is in use" has_some a
kill "$stream"; wait "$stream" 2> /dev/null
good "and rests when he is gone" wait_for has a 0

# A second process: it reads, and does not take the board from one that only rests.
good "the writer is awake" [ "$(write a awake)" = 201 ]
start b --idle 1; b=$last
good "the second answers" wait_for answers b
good "it reads" reads_only b
good "the writer rests" wait_for has a 0
good "the reader keeps one connection, by which it sees that the writer is gone" wait_for has b 1
sleep 2
good "the board is left with the one that rests" reads_only b
good "a write through the reader wakes the writer" [ "$(write b through)" = 201 ]
good "which has not changed" reads_only b
good "both rest" wait_for has a 0
good "both rest, the reader with one" wait_for has b 1
good "what was written is read by the reader" read_back b through

# The resting writer dies: nobody notices before a write cannot be taken to it.
good "it rests" wait_for has a 0
kill -9 "$a"; wait "$a" 2> /dev/null
good "a write finds nobody and is answered by the reader, which takes over" [ "$(write b left-alone)" = 201 ]
good "it writes now" writes b

# A third; its hold is taken from the second while that one believes to have it.
start c --idle 0; c=$last
good "the third answers" wait_for answers c
good "it reads" reads_only c
good "the writer is awake" [ "$(write b before)" = 201 ]
sql "UPDATE \"$name\".yipan_holder SET expires = now() - interval '1 second'"
good "the third has taken the board" wait_for writes c
good "a write at the former one is not refused but taken to the new one" [ "$(write b fenced)" = 201 ]
good "the former one reads from now on" wait_for reads_only b
good "one writes" writes c
good "there once" read_back c fenced
good "a further one goes the same way" [ "$(write b fenced-2)" = 201 ]
good "it said what it does" grep -q 'another process writes the board' b.err

# Half of the machines are upgraded: a newer program has changed the board's format. The older ones neither write nor show it.
entries="$(sql "SELECT position FROM \"$name\".yipan_head")"
sql "UPDATE \"$name\".yipan_holder SET format = 3, epoch = epoch + 1, batch = batch + 1, process = 'a newer yipan', address = '', expires = now() + interval '1 hour'"
good "the one that wrote writes no more" [ "$(ask POST "$(home c)api/records/reported_fact" "{\"values\":{\"code\":\"newer\",\"item\":\"newer\",\"name\":\"idle\",\"organ\":$unit,\"officer\":$post,\"period\":\"2026H1\",\"quantity\":\"1\",\"measure\":\"个\",\"source\":\"test\"}}")" = 503 ]
newer() { grep -q 'the board has format 3, this program knows up to 2' "$1" && grep -q 'use the newer yipan' "$1"; }
good "and says why" wait_for newer c.err
not_shown() { status="$(ask GET "$(home b)api/records/reported_fact")"; [ "$status" != 200 ]; }
good "the one that reads does not show it" wait_for not_shown
good "with the sentence" newer answer
expect 1 'the board has format 3, this program knows up to 2.*use the newer yipan' set "$board" organ XX2 name=乙 kind=zone
good "nothing was written" [ "$(sql "SELECT position FROM \"$name\".yipan_head")" = "$entries" ]
sql "UPDATE \"$name\".yipan_holder SET format = 2, expires = '-infinity'"  # as if it had not been
writes_again() { [ "$(write b again)" = 201 ]; }
good "with a format they know they go on" wait_for writes_again

for pid in "$b" "$c"; do kill "$pid"; wait "$pid" 2> /dev/null; done
expect 0 'verified' verify "$board"
"$program" export "$board" reported_fact facts.csv > /dev/null
for code in "try-$person" woken after-command awake through left-alone before fenced fenced-2 again; do
    good "$code is there once" [ "$(cut -d , -f 1 facts.csv | grep -cx "$code")" = 1 ]
done
[ "$failed" = 0 ] || { head -n 3 facts.csv; for f in *.err; do echo "--- $f"; tail -n 5 "$f"; done; cat answer; }
sql "SET client_min_messages = warning; DROP SCHEMA \"$name\" CASCADE"
printf '%s passed, %s failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
