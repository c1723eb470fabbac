# The life of a board's file at the command line: backup, drill, restore-board, compact, stats, attachments, a second writer.
#   life_test.sh PROGRAM
set -u
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
program="$1"
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

expect 0 '' init a.board --name 试验 --note 虚构
expect 0 'created' set a.board organ JC name=甲 kind=zone
expect 0 'a.backup: .*the board as of entry 2' backup a.board a.backup
expect 0 'passed' drill a.backup
expect 0 '"ok":true' drill a.board --json
expect 0 'created' set a.board organ JD name=乙 kind=office
expect 0 '"position":3' backup a.board a.backup --json
expect 1 'nowhere|cannot' backup a.board nowhere/x
expect 1 'no such board' backup b.board b.backup
printf 'a letter' > letter
expect 1 'no earlier backup of this board' backup a.board letter
good "a file that is no backup was touched" [ "$(cat letter)" = 'a letter' ]
expect 1 'no such board' restore-board missing.backup c.board
expect 1 'exists' restore-board a.backup a.board
expect 0 'restored from a.backup' restore-board a.backup c.board
expect 0 'verified' verify c.board
expect 0 'the board that was there: a.board.replaced-1' restore-board a.backup a.board --replace
expect 0 'verified' verify a.board
mkdir second
for _ in 1 2 3; do expect 0 'second/a-' backup a.board second --keep 2; sleep 1.1; done
good "the folder keeps $(ls second/*.board | wc -l)" [ "$(ls second/*.board | wc -l)" = 2 ]

# A backup that does not verify is not put in place, and a drill says so.
cp a.backup bad.backup
printf '\377' | dd of=bad.backup bs=1 seek=9000 conv=notrunc status=none
expect 1 'page 3: does not match' restore-board bad.backup d.board
good "a damaged backup became a board" [ ! -e d.board ]
expect 1 'checksum|FAILED' drill bad.backup

# A full target: the old backup stays, nothing half-made beside it.
before="$(sha256sum < a.backup)"
expect 0 'created' set a.board organ JF name=丙 kind=office
said="$( (trap '' XFSZ; ulimit -f 100; "$program" backup a.board a.backup) 2>&1)"; code=$?
good "a full target: exit $code, $said" [ "$code" = 1 ]
good "the old backup was touched" [ "$(sha256sum < a.backup)" = "$before" ]
good "something half-made is left: $(ls a.backup*)" [ "$(ls a.backup*)" = a.backup ]

# Attachments.
head -c 3000000 /dev/zero > paper.pdf
hash="$(sha256sum < paper.pdf | cut -d ' ' -f 1)"
expect 0 'created' set a.board post P-1 name=岗 organ=JC
expect 0 'created' set a.board person R-1 name=某
expect 1 'no attachment field' attach a.board organ JC name paper.pdf
expect 0 'created' set a.board committee C-1 name=会 kind=office organ=JC secretary=P-1
expect 0 'amended' attach a.board committee C-1 paper paper.pdf
expect 0 '3000000 bytes' attachment a.board "$hash" --out back.pdf
good "the attachment came back different" cmp -s paper.pdf back.pdf
expect 0 '1 attachments' verify a.board
expect 1 'no bytes of this hash' attachment a.board "$(printf 'a%.0s' $(seq 64))" --out none.pdf

expect 0 'organ  *3' stats a.board
expect 0 '"table":"organ","engine":false,"rows":3' stats a.board --json
expect 0 'before.*now' compact a.board
expect 0 'verified' verify a.board

# A board that is served: who else wants to write is told by whom and where; reading and backup go on.
"$program" serve a.board --port 0 --backup second > serve.txt 2> serve.err < /dev/null & server=$!
for _ in $(seq 100); do grep -q http serve.txt && break; sleep 0.1; done
expect 1 "process $server holds this board for writing: .*serve a.board.*it answers at http://127.0.0.1" set a.board organ JG name=丁 kind=office
expect 1 "process $server holds" compact a.board
expect 0 '甲' list a.board organ
expect 0 'as of entry' backup a.board served.backup
for _ in $(seq 50); do grep -q 'backup: second/a-' serve.err && break; sleep 0.1; done
kill -TERM "$server"; wait "$server"
expect 0 'created' set a.board organ JG name=丁 kind=office

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
