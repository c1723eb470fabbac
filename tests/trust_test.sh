#!/bin/bash
# Proofs for strangers, by the commands: made beside the board, checked in another folder with the key alone; what is wrong is said.
# usage: trust_test.sh YIPAN
set -euo pipefail
yipan="$(realpath "$1")"
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/here" "$dir/there"
cd "$dir/here"
passed=0
failed=0
good() { if "${@:2}" > out.txt 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $1"; cat out.txt; fi; }
refused() { # NAME SENTENCE COMMAND...
    if "${@:3}" > out.txt 2>&1; then failed=$((failed + 1)); echo "FAILED $1: was not refused"; return; fi
    if grep -qF -- "$2" out.txt; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $1: does not say \"$2\":"; cat out.txt; fi
}
"$yipan" init a.board --name 甲 > /dev/null
refused "no key yet" "yipan key BOARD makes one" "$yipan" checkpoint a.board
"$yipan" key a.board > a.pub 2> /dev/null
good "the key is shown again" "$yipan" key a.board
good "a checkpoint is pinned" "$yipan" checkpoint a.board --pin ../there/pins --out first.note
good "an entry is proven" "$yipan" prove a.board entry 1 --open none --out entry.proof
cp entry.proof a.pub ../there/
cd ../there
good "a stranger verifies it with the key alone" "$yipan" verify-proof entry.proof --key a.pub
sed 's/"time":\([0-9]\)/"time":9/' entry.proof > changed.proof
refused "a changed entry" "entry 1" "$yipan" verify-proof changed.proof --key a.pub
cd ../here
"$yipan" init b.board --name 乙 > /dev/null
"$yipan" key b.board > b.pub 2> /dev/null
refused "the wrong key" "not signed by" "$yipan" verify-proof entry.proof --key b.pub
refused "a key that is none" "not a public key" "$yipan" verify-proof entry.proof --key nonsense
refused "a foreign board's key file" "the key is of another board" "$yipan" checkpoint b.board --key-file a.board-key
refused "a foreign checkpoint" "of another board" "$yipan" compare b.board ../there/pins --key a.pub
good "the board fits its witness" "$yipan" compare a.board ../there/pins --key a.pub
refused "an entry that is not there" "the journal has the entries 1 to" "$yipan" prove a.board entry 99
chmod 644 b.board-key
refused "a key others can read" "chmod 600" "$yipan" checkpoint b.board
chmod 600 b.board-key
good "the state of trust in words" "$yipan" trust a.board --pins ../there/pins
grep -q "what it cannot" out.txt || { failed=$((failed + 1)); echo "FAILED trust does not say what it cannot"; }

# The demo's kind of history: two copies go on differently, the witness knows the one that was first.
"$yipan" demo c.board > /dev/null
"$yipan" key c.board > c.pub 2> /dev/null
good "a figure is proven with its entries" "$yipan" prove c.board figure investment_done --unit JC --period 2026H1 --out figure.proof
cp figure.proof c.pub ../there/
cd ../there
good "the figure verifies elsewhere" "$yipan" verify-proof figure.proof --key c.pub
grep -q "add up to it" out.txt && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "FAILED that the records add up to the figure is not told"; cat out.txt; }
cd ../here
good "a record is proven" "$yipan" prove c.board record project X-001 --out record.proof
good "the record verifies" "$yipan" verify-proof record.proof --key c.pub
cp c.board d.board
good "the first history goes on" "$yipan" set c.board project X-001 name=第一
"$yipan" checkpoint c.board --pin pins.c > /dev/null
good "the other goes on differently" "$yipan" set d.board project X-001 name=第二
refused "a forked history" "FORKED" "$yipan" compare d.board pins.c --key c.pub
size="$(sed -n 2p pins.c)"
cp c.board e.board
good "more is written" "$yipan" set c.board project X-001 name=第三
"$yipan" checkpoint c.board --out next.note > /dev/null
refused "a witness asks for the steps between" "consistency --from $size" "$yipan" witness pins.c next.note --key c.pub
"$yipan" prove c.board consistency --from "$size" --out steps.proof > /dev/null
good "a witness without the board takes the next checkpoint" "$yipan" witness pins.c next.note --key c.pub --proof steps.proof
good "and knows it" "$yipan" witness pins.c next.note --key c.pub
refused "a board that lost its end" "CUT OFF" "$yipan" compare e.board pins.c --key c.pub
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
