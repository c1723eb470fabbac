#!/bin/bash
# Two server processes of one board under load (decision 0042): clients write to both, with Idempotency-Keys, and repeat what
# was not answered. In each round the process that writes is killed with SIGKILL; the other takes over, and a new one joins.
# At the end every answered write is there exactly once, and the board verifies. Rounds by YIPAN_TEST_LEVEL.
# Run it through with_server.sh.   failover_test.sh PROGRAM
set -u
program="$1"
folder="$(mktemp -d)"
cd "$folder" || exit 1
base="$YIPAN_TEST_POSTGRES"; sign='?'; case "$base" in *\?*) sign='&' ;; esac
name="failover_$$"
board="$base${sign}board=$name"
rounds=3 clients=4
case "${YIPAN_TEST_LEVEL:-}" in quick) rounds=2 ;; long) rounds=50 ;; esac
rounds="${YIPAN_FAILOVER_ROUNDS:-$rounds}"
cleanup() { for pid in $(jobs -p); do kill -9 "$pid" 2> /dev/null; done; wait 2> /dev/null; rm -rf "$folder"; }
trap cleanup EXIT
broken() { echo "$1"; for f in *.err; do echo "--- $f"; tail -n 5 "$f"; done; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
"$program" demo "$board" > /dev/null || exit 1

start() { "$program" --lang en serve "$board" --port 0 --json > "$1" 2> "$1.err" & last=$!; }
address() { sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$1" | head -n 1; }
health() { curl -fsS -m 2 -o /dev/null "$(address "$1" | sed "s,/b/.*,,")/healthz"; }
writes() { curl -fsS -m 2 "$(address "$1" | sed "s,/b/.*,,")/metrics" | grep -q '^yipan_writes_the_board 1'; }
answers() { [ -n "$(address "$1")" ] && health "$1"; }
wait_for() { for _ in $(seq 600); do "$@" 2> /dev/null && return 0; sleep 0.1; done; return 1; }

start 0.out; first=$last; writer=0.out
wait_for answers 0.out || broken "the first does not answer"
start 1.out; second=$last; reader=1.out
wait_for answers 1.out || broken "the second does not answer"
writes 0.out || broken "the first does not write"
if writes 1.out; then broken "two write"; fi

# Somebody who may enter facts, found by trying; signed in through the process that does not write.
api="$(address 1.out)api"
enter() {
    curl -s -D head -H 'Content-Type: application/json' -d "{\"person\":$1}" "$api/demo/session" > session
    cookie="$(sed -n 's/^[Ss]et-[Cc]ookie: \(yipan_session=[^;]*\).*/\1/p' head | tr -d '\r')"
    csrf="$(sed -n 's/.*"csrf":"\([^"]*\)".*/\1/p' session)"
    post="$(sed -n 's/.*"post":{"id":\([0-9]*\).*/\1/p' session)"
    unit="$(sed -n 's/.*"unit":{"id":\([0-9]*\).*/\1/p' session)"
}
# write ADDRESS CODE: the status
write() {
    curl -s -m 20 -o "$3" -w '%{http_code}' -H "Cookie: $cookie" -H "X-CSRF-Token: $csrf" -H "Idempotency-Key: $2" -H 'Prefer: return=minimal' -H 'Content-Type: application/json' \
        -d "{\"values\":{\"code\":\"$2\",\"item\":\"$2\",\"name\":\"failover\",\"organ\":$unit,\"officer\":$post,\"period\":\"2026H1\",\"quantity\":\"1\",\"measure\":\"个\",\"source\":\"test\"}}" \
        "$1/records/reported_fact"
}
found=""
for person in $(seq 1 60); do
    enter "$person"
    [ -n "$cookie" ] && [ -n "$unit" ] || continue
    [ "$(write "$api" "try-$person" answer)" = 201 ] && found="$person" && break
done
[ -n "$found" ] || broken "nobody may enter facts: $(cat session answer 2> /dev/null)"
echo "try-$found" > acknowledged.0

# A client: writes to the addresses in turn; the same key until it is answered. What it was answered it notes with the time.
client() {
    local n=0 code status turn=$1 at
    while [ ! -e stop ]; do
        n=$((n + 1)); code="c$1-$n"
        while :; do
            turn=$(((turn + 1) % 2))
            at="$(cat "at.$turn")"
            status="$(write "$at" "$code" "answer.$1")"
            case "$status" in
                201) echo "$code" >> "acknowledged.$1"; date +%s%N >> "times.$1"; break ;;
                000 | 503) echo "$status" >> "repeated.$1"; sleep 0.05 ;;
                *) echo "client $1: $code answered $status: $(head -c 400 "answer.$1")" >> wrong; break ;;
            esac
            [ -e stop ] && break  # not answered: it may be there or not
        done
        # One reads what one wrote, wherever one asks.
        if [ $((n % 20)) = 0 ] && [ "$status" = 201 ]; then
            curl -s -m 20 -H "Cookie: $cookie" "$at/records/reported_fact?filter=code%20%3D%3D%20%22$code%22&limit=1" > "read.$1"
            if grep -q '"rows":\[\]' "read.$1"; then echo "client $1: $code is not read where it was written: $(head -c 300 "read.$1")" >> wrong; fi
        fi
    done
}
echo "$(address "$writer")api" > at.0; echo "$(address "$reader")api" > at.1
for ((c = 1; c <= clients; c++)); do client "$c" & eval "client_$c=$!"; done

longest=0
slot=0  # which of the two addresses the writer has
for ((i = 1; i <= rounds; i++)); do
    sleep "0.$((RANDOM % 8 + 1))"
    began="$(date +%s%N)"
    kill -9 "$first"; wait "$first" 2> /dev/null
    wait_for writes "$reader" || broken "round $i: nobody took over"
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$took" -gt "$longest" ] && longest=$took
    first=$second; writer=$reader; reader="$((i + 1)).out"
    start "$reader"; second=$last
    wait_for answers "$reader" || broken "round $i: the new one does not answer"
    echo "$(address "$reader")api" > at.new; mv at.new "at.$slot"
    slot=$((1 - slot))
done
sleep 1
touch stop
for ((c = 1; c <= clients; c++)); do eval "wait \$client_$c" 2> /dev/null; done
kill -TERM "$second"; wait "$second" 2> /dev/null
kill -TERM "$first"; wait "$first" 2> /dev/null

[ ! -e wrong ] || broken "$(head -n 5 wrong)"
"$program" verify "$board" | grep -q verified || broken "does not verify"
"$program" export "$board" reported_fact facts.csv > /dev/null || broken "cannot be exported"
cat acknowledged.* | sort > acknowledged
grep -o '\bc[0-9]*-[0-9]*\|\btry-[0-9]*' facts.csv | sort > twice  # the code and the item are the same text
uniq -c twice | awk '$1 != 2' > odd
[ ! -s odd ] || broken "not exactly once: $(head -n 3 odd)"
uniq twice > there
lost="$(comm -23 acknowledged there | wc -l)"
[ "$lost" = 0 ] || broken "$lost answered writes are lost: $(comm -23 acknowledged there | head -n 3)"
gap="$(cat times.* | sort -n | awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { printf "%d", most / 1000000 }')"
repeated="$(cat repeated.* 2> /dev/null | wc -l)"
bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
"$bin/psql" -q "$base" -c "SET client_min_messages = warning; DROP SCHEMA \"$name\" CASCADE"
echo "$rounds rounds, $clients clients, $(wc -l < acknowledged) writes answered, $repeated repeated; none lost, none doubled; the longest without an answer $gap ms, the longest take-over $longest ms"
echo "$rounds passed, 0 failed, 0 skipped"
