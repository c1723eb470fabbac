# What a person sees at the command line: exit codes, nearest names, all mistakes at once, read-only damaged boards.
#   command_line_test.sh PROGRAM
set -u
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
root="${YIPAN_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}"
program="$1"
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

expect 0 'demo' --help
expect 2 '' nonsense
expect 2 '' list
expect 0 '[0-9]+ types, [0-9]+ figures' init a.board --name 试验 --note 虚构
expect 1 '' init a.board
expect 1 'not_found|there is no|no such|cannot' list missing.board project
expect 0 '虚构' list a.board organ
expect 1 'did you mean "?organ' list a.board orgam
expect 0 'created' set a.board organ JC name=甲 kind=zone
expect 0 'amended.*version 2' set a.board organ JC name=乙
expect 1 'JC|version' set a.board organ JC name=丙 --expect-version 1
expect 0 'unchanged: organ JC, version 2$' set a.board organ JC name=乙
expect 0 '"done":"unchanged"' set a.board organ JC name=乙 --dry-run --json
expect 1 'kind' set a.board organ JD name=丁
expect 1 'control character' set a.board organ JC name=$'\x1b[31m'
expect 1 'colour' set a.board organ JC colour=red
expect 0 'version.*effective' show a.board organ JC
expect 1 'JC' show a.board organ JCC
expect 0 '"version":2' show a.board organ JC --json
expect 0 'would be removed' set a.board organ JC --remove --dry-run
expect 0 'code,name,kind' export a.board organ - --template
expect 1 'did you mean "?posts' figures a.board --figure postz
expect 1 'needs a period|period' figures a.board --figure investment_done
expect 1 'no organ "NOBODY"' figures a.board --figure investment_done --unit NOBODY --period 2026H1
expect 1 'period|2026' figures a.board --figure investment_done --period 2026-13
expect 1 'position' figures a.board --figure investment_done --period 2026H1 --as-known 999
expect 0 '"why_none"' figures a.board --figure investment_done --period 2026H1 --json
expect 0 'investment_done' figures a.board
expect 1 'wanjiang' assess a.board wanjian --period 2026H1
expect 2 'html' report a.board half_year --unit JC --period 2026H1 --out r.txt
expect 1 'half' report a.board half_year --unit JC --period 2026-03 --out r.html
expect 0 'left out' report a.board half_year --unit JC --period 2026H1 --out r.html
expect 0 'verified' verify a.board
expect 0 '0 differ' recompute a.board
expect 0 '' dump a.board
expect 2 '' why a.board nothing posts
expect 0 'good' model check "$root/modules"

printf 'code,name,kind\nA,甲,zone\nB,乙,palace\nC,,office\n' > organs.csv
expect 1 'organs.csv:3:kind.*palace' import a.board organ organs.csv
expect 1 'organs.csv:4:name' import a.board organ organs.csv
expect 1 'nothing was written' import a.board organ organs.csv
printf 'code,name,kind\nA,甲,zone\nB,乙,office\n' > organs.csv
expect 0 '2 would be created' import a.board organ organs.csv --dry-run
expect 0 '2 created' import a.board organ organs.csv
expect 0 '2 unchanged' import a.board organ organs.csv
expect 0 '"unchanged":2' import a.board organ organs.csv --json
# A round trip through a workbook; failing rows come back in one; what was written is taken back.
expect 0 '' template a.board organ organs.xlsx
expect 0 '0 rows' import a.board organ organs.xlsx
expect 0 'rows in out.xlsx' export a.board organ out.xlsx
expect 0 '0 created, 0 amended' import a.board organ out.xlsx
expect 1 'has no place field|several place fields' export a.board organ out.geojson
printf 'code,name,kind\nE,戊,zone\nF,,zone\n' > more.csv
expect 1 '1 would be created, 0 would be amended, 0 unchanged, 1 failed' import a.board organ more.csv --failing failing.xlsx
expect 1 'name: the cell is empty' import a.board organ failing.xlsx
id="$("$program" imports a.board | awk '$3 == "more.csv" { print $1 }')"
printf '原行号 / row [import '"$id"'],code,name,kind,原因 / reason\n3,F,己,zone,-\n' > fixed.csv
expect 0 '2 created' import a.board organ fixed.csv
expect 0 'applied' imports a.board
expect 0 'undone: 2 rows' import a.board --undo "$id"
expect 1 'there is no such import' import a.board --undo 77
expect 1 'is undone' import a.board --resume "$id"

# All mistakes of a model with their places, and no board.
mkdir -p bad/x/types
printf 'types:\n  town:\n    label: [镇, 鎮, Town]\n    responsible: none\n    colour: red\n    fields:\n      name: {type: txt, label: [名, 名, Name]}\n' > bad/x/types/t.yaml
expect 1 't.yaml:5:5' model check bad
expect 1 't.yaml:7:' model check bad
expect 1 't.yaml' init b.board --model bad
if [ -e b.board ]; then failed=$((failed + 1)); echo "a broken model left a board behind"; else passed=$((passed + 1)); fi

expect 1 'bad/x/types/t.yaml:5:5' model check bad
expect 1 'bad/x/types/t.yaml:7:20' init b.board --model bad

# Whatever is said about a board in JSON says whose it is; wrong usage is JSON as well.
for words in "verify a.board" "recompute a.board" "set a.board organ JC name=乙" "import a.board organ organs.csv" "dump a.board --out d.txt" "export a.board organ o.csv" "list a.board organ" "show a.board organ JC"; do
    expect 0 '"note":"虚构"' $words --json
done
expect 0 '虚构' dump a.board --out d.txt
expect 2 '"code":"usage"' list --json
expect 2 'below zero' list a.board organ --offset -1
expect 1 'filter:1:1' list a.board organ --filter 'colour == 1'
expect 1 'is a folder' verify .
expect 1 'no peer_zone has a value for 2099H1' assess a.board wanjiang --period 2099H1

# Bounded: columns, depth, aliases, expressions.
{ seq -s, 1 10000; seq -s, 1 10000; } > wide.csv
expect 1 'has 10000 columns, at most' import a.board organ wide.csv
mkdir -p deep/x/types alias/x/types
{ printf 'types: '; printf '[%.0s' $(seq 20000); printf ']%.0s' $(seq 20000); } > deep/x/types/d.yaml
expect 1 'deep/x/types/d.yaml:1:[0-9]+: nested deeper' model check deep
printf 'a: &a [x, x]\nb: [*a, *a]\n' > alias/x/types/d.yaml
expect 1 'alias/x/types/d.yaml:1:[0-9]+: anchors' model check alias
expect 1 'nested deeper' list a.board organ --filter "$(printf '(%.0s' $(seq 3000))true"

# No room: nothing half-made is left.
if (trap '' XFSZ; ulimit -f 1500; "$program" demo full.board) > full.txt 2>&1; then code=0; else code=$?; fi
if [ "$code" = 1 ] && [ -s full.txt ] && ! ls full.board* > /dev/null 2>&1; then passed=$((passed + 1)); else
    failed=$((failed + 1)); echo "a demo without room: exit $code, $(cat full.txt), left $(ls full.board*)"; fi

# A page another program wrote, or a disk damaged, is named; what does not lie on it can still be read.
sqlite3 a.board "UPDATE organ SET name = 'palace' WHERE id = 1"
expect 1 'page [0-9]+: does not match its checksum' verify a.board
expect 1 'NOT verified' verify a.board
expect 1 'page [0-9]+: .*checksum' set a.board organ B name=己
expect 0 '' list a.board project
printf 'garbage' > g.board
expect 1 'g.board' verify g.board

# The main job, in other languages and for programs.
expect 0 'rank [0-9] of 8' --folder o --no-serve --lang en
expect 0 '"rank":[0-9]' --folder o --no-serve --json
expect 0 '個開發區中列第' --folder o --no-serve --lang hant

# Without a board.
expect 0 '"rank":' score "$root/schemes/hdi.yaml" "$root/tests/data/score/hdi_2022_sample.csv" --json
expect 1 'hdi' score hdl "$root/tests/data/score/hdi_2022_sample.csv"
said="$(printf '{"name":"a","expr":"1 + 1"}\n' | "$program" cel --jsonl)"
if grep -q '"name":"a","value"' <<< "$said"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "cel --jsonl says: $said"; fi
said="$(printf 'garbage\n' | "$program" cel --jsonl)"
if grep -q 'no JSON' <<< "$said" && ! grep -q 'hpp' <<< "$said"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "cel --jsonl says: $said"; fi
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
