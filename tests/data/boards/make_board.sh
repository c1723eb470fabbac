# Makes a small board of the format the program writes.   make_board.sh PROGRAM BOARD
set -eu
program="$1"; board="$2"
here="$(cd "$(dirname "$0")" && pwd)"
yipan() { "$program" "$@" > /dev/null; }
yipan init "$board" --model "$here/model" --name 格式样板 --note "fictional: made up for the tests"
yipan set "$board" person W1 name=张三
yipan set "$board" post P1
yipan set "$board" organ JC name=甲川
yipan set "$board" organ GH name=规划局
yipan set "$board" organ GH name=规划建设局 --effective 2026-03-01
yipan set "$board" organ OLD name=旧单位
yipan set "$board" organ_link - upper=JC lower=GH valid_from=2025-01-01
for n in 1 2 3 4 5 6 7 8; do
    yipan set "$board" project "X-$n" organ=GH rank=city total="$((n * 1000)).50" land="$n.25" hosted=yes started="2026-0$n-01"
    yipan set "$board" payment "F-$n" project="X-$n" day="2026-0$n-15" amount="$((n * 100)).05"
done
yipan set "$board" project X-1 --move start
yipan set "$board" project X-1 --move finish total=1200
yipan set "$board" project X-2 'place={"type":"Point","coordinates":[117.5,31.5]}'
yipan set "$board" payment F-3 amount=77.70
yipan set "$board" payment F-4 --remove
yipan set "$board" organ OLD --remove
yipan verify "$board"
yipan recompute "$board"
rm -f "$board-lock"
