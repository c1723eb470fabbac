#!/bin/bash
# yipan archive at the command line: into a file, a list, without the file, back; a full disk.
# usage: archive_test.sh YIPAN
set -u
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
program="$(realpath "$1")"
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

expect 0 '' init a.board --name 试验 --note 虚构
expect 0 'yipan/board/' key a.board
for name in 甲 乙 丙; do expect 0 'created|amended|changed' set a.board person R-1 "name=$name"; done
"$program" dump a.board > before.dump
expect 2 'not one thing|no day|says' archive a.board --before 9
expect 2 'who decided' archive a.board --before 9 --to old.archive
expect 2 'no day and no number' archive a.board --before soon --to old.archive --decider 局 --note 期满
expect 0 'no body is archived' archive a.board
expect 0 'bodies up to entry 4' archive a.board --before 5 --to old.archive --decider 局 --note 期满
expect 0 'bodies up to entry 4 in .*old.archive' archive a.board
expect 0 'verified' verify a.board
expect 0 '"act\\":\\"archive|archive' dump a.board
"$program" dump a.board | grep -v '"verb":"act"' > after.dump
good "with the file the dump is not what it was" cmp -s before.dump after.dump
good "the act holds no signed checkpoint" grep -q 'checkpoint.*yipan/board/' <("$program" dump a.board)
expect 0 '"at_hand":true' archive a.board --json

mkdir shelf && mv old.archive shelf/
expect 0 'not at hand' archive a.board
expect 0 'verified' verify a.board
expect 0 '2 bodies were not read: they are archived in old.archive \(SHA-256 [0-9a-f]{64}\), not at hand. Their commitments, the tree, every other body' verify a.board
expect 0 '"archived_bodies_not_read":2.*"archives_not_at_hand":\["old.archive' verify a.board --json
expect 0 ' 0 differ' recompute a.board
expect 0 '2 bodies are archived in old.archive .*not at hand; no figure needs them' recompute a.board
expect 1 'archived in old.archive \(SHA-256 [0-9a-f]{64}\)' show a.board person R-1
expect 0 '"kind":"record"' prove a.board record person R-1
expect 0 'old.archive: holds' archive a.board --attach shelf/old.archive
expect 0 '丙' show a.board person R-1
cp shelf/old.archive bad.archive
printf 'x' | dd of=bad.archive bs=1 seek=120 conv=notrunc status=none
expect 1 'none of the board.s archives' archive a.board --restore bad.archive --decider 局 --note 查阅
expect 0 'are back from' archive a.board --restore shelf/old.archive --decider 局 --note 查阅
rm shelf/old.archive
expect 0 'verified' verify a.board
"$program" dump a.board | grep -v '"verb":"act"' > restored.dump
good "restored, the dump is not what it was" cmp -s before.dump restored.dump

# A full disk leaves neither a file nor a change.
before="$(sha256sum < a.board)"
said="$( (trap '' XFSZ; ulimit -f 0; "$program" archive a.board --before 5 --to full.archive --decider 局 --note 期满) 2>&1)"; code=$?
good "a full disk: exit $code, $said" [ "$code" = 1 ]
good "something half-made is left: $(ls full*  2>/dev/null)" [ -z "$(ls full* 2>/dev/null)" ]
good "the board was touched" [ "$(sha256sum < a.board)" = "$before" ]
expect 0 'bodies up to entry 4' archive a.board --before 5 --to again.archive --decider 局 --note 期满
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
