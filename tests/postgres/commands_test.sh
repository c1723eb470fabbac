#!/bin/bash
# Commands on a board in a database: made, verified, recomputed, told, copied there and back; what only files can do says so.
# Run it through with_server.sh.   commands_test.sh PROGRAM
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../expect.sh"
limit=120
program="$1"
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
base="$YIPAN_TEST_POSTGRES"; sign='?'; case "$base" in *\?*) sign='&' ;; esac
board="$base${sign}board=commands_$$"

expect 0 'records' demo "$board"
expect 1 'exists' demo "$board"
expect 0 'verified' verify "$board"
expect 0 '0 differ' recompute "$board"
expect 0 '' dump "$board" --out there.dump
expect 0 '' demo here.board
expect 0 '' dump here.board --out here.dump
good "the demo board's dump is not the same on both stores" cmp -s there.dump here.dump
# Figures read back into the runs: their records, and what was known earlier.
for figure in "tasks_closed_on_time --unit YJ --period 2026-06" "tasks_closed_on_time --unit YJ --period 2026-06 --as-known 40000"; do
    # shellcheck disable=SC2086
    expect 0 '' why "$board" figure $figure
    # shellcheck disable=SC2086
    good "why $figure is not the same on both stores" [ "$("$program" why "$board" figure $figure)" = "$("$program" why here.board figure $figure)" ]
done
expect 0 'created' set "$board" organ XX1 name=甲 kind=zone
expect 0 'root' copy "$board" back.board
expect 0 'verified' verify back.board
expect 0 '' dump "$board" --out there.dump
expect 0 '' dump back.board --out back.dump
good "the copy's dump is not the same" cmp -s there.dump back.dump
second="$base${sign}board=commands_second_$$"
expect 0 'root' copy back.board "$second"
expect 1 'exists' copy back.board "$second"
expect 0 '' dump "$second" --out second.dump
good "there and back is not the same" cmp -s there.dump second.dump
expect 0 'as of entry' backup "$board" kept.board
expect 0 'verified' verify kept.board
expect 0 '' dump kept.board --out kept.dump
good "the backup's dump is not the same" cmp -s there.dump kept.dump
expect 0 'as of entry' backup "$board" kept.board  # its own earlier backup is replaced, a stranger's file is not
cp there.dump stranger.board
expect 1 '' backup "$board" stranger.board
good "something of the way is left" [ -z "$(ls ./*copy-part* 2> /dev/null)" ]
mkdir kept
for _ in 1 2 3; do expect 0 'as of entry' backup "$board" kept --keep 2; sleep 1.1; done
good "a folder keeps other than the newest two" [ "$(ls kept/*.board | wc -l)" = 2 ]
expect 0 "can take the board's place" drill "$board"
for words in "backup kept.board $board" "compact $board" "stats $board" "restore-board back.board $board"; do
    # shellcheck disable=SC2086
    expect 2 'lies in a database' $words
done
expect 1 'no such board' verify "$base${sign}board=absent_$$"
expect 2 'password' verify 'postgresql://a:b@/c'
bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
for name in "commands_$$" "commands_second_$$"; do "$bin/psql" -q "$base" -c "SET client_min_messages = warning; DROP SCHEMA \"$name\" CASCADE"; done
printf '%s passed, %s failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
