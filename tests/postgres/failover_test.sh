#!/bin/bash
# Two server processes of one board, the second standing by: the first is killed with SIGKILL, the second answers within
# seconds; then the roles change. Everything acknowledged before is there, the board verifies. Rounds by YIPAN_TEST_LEVEL.
# Run it through with_server.sh.   failover_test.sh PROGRAM
set -u
program="$1"
folder="$(mktemp -d)"
cd "$folder" || exit 1
base="$YIPAN_TEST_POSTGRES"; sign='?'; case "$base" in *\?*) sign='&' ;; esac
board="$base${sign}board=failover_$$"
rounds=5
case "${YIPAN_TEST_LEVEL:-}" in quick) rounds=2 ;; long) rounds=50 ;; esac
cleanup() { for pid in $(jobs -p); do kill -9 "$pid" 2> /dev/null; done; rm -rf "$folder"; }
trap cleanup EXIT
"$program" init "$board" --name 试验 > /dev/null || exit 1
start() { "$program" serve "$board" --standby --port 0 --json > "$1" 2> "$1.err" & last=$!; }
address() { sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$1" | head -n 1; }
answers() { [ -n "$(address "$1")" ] && curl -fsS -m 2 -o /dev/null "$(address "$1" | sed "s,/b/.*,,")/healthz"; }
wait_for() { for _ in $(seq 300); do "$@" 2> /dev/null && return 0; sleep 0.1; done; return 1; }
longest=0
start 0.out; first=$last
wait_for answers 0.out || wait_for answers 0.out || wait_for answers 0.out || { echo "the first does not answer: $(cat 0.out.err)"; exit 1; }
for ((i = 1; i <= rounds; i++)); do
    start "$i.out"; second=$last
    wait_for grep -q . "$i.out.err" || { echo "the second does not say that it stands by"; exit 1; }
    if answers "$i.out" 2> /dev/null; then echo "two answer at once"; exit 1; fi
    began="$(date +%s%N)"
    kill -9 "$first"; wait "$first" 2> /dev/null
    wait_for answers "$i.out" || { echo "round $i: nobody took over: $(cat "$i.out.err")"; exit 1; }
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$took" -gt "$longest" ] && longest=$took
    first=$second
done
kill -TERM "$first"; wait "$first" 2> /dev/null
"$program" verify "$board" | grep -q verified || { echo "does not verify"; exit 1; }
bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
"$bin/psql" -q "$base" -c "SET client_min_messages = warning; DROP SCHEMA \"failover_$$\" CASCADE"
echo "$rounds take-overs, the longest until it answered $longest ms"
echo "$rounds passed, 0 failed, 0 skipped"
