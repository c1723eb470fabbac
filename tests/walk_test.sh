# One decision from the agenda to the close-out, on the demo board, by commands only: agenda -> vote -> resolution -> three matters -> evidence ->
# review -> close-out -> figure and circular. What must be refused on the way is refused with its rule and nothing is written.
#   walk_test.sh PROGRAM [FOLDER]      with FOLDER the board is left there
set -u
program="$1"
folder="${2:-}"; [ -n "$folder" ] || { folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT; }
cd "$folder" || exit 1
failed=0; steps=0
# ok / no TEXT: what follows must be accepted / refused and say TEXT.
run() {
    local wanted="$1" text="$2" said code; shift 2
    said="$("$program" "$@" 2>&1 < /dev/null)"; code=$?; steps=$((steps + 1))
    echo "\$ yipan $*"; tail -n +2 <<< "$said" | head -4
    if [ "$code" != "$wanted" ] || ! grep -q -- "$text" <<< "$said"; then
        failed=$((failed + 1)); printf '  EXPECTED exit %s and "%s", got %s: %s\n' "$wanted" "$text" "$code" "$(head -c 500 <<< "$said")"
    fi
}
ok() { run 0 "$@"; }
no() { run 1 "$@"; }
# item_of POST N: the work item of matter N that lies with the post.
item_of() { "$program" todo walk.board --post "$1" 2> /dev/null | grep "智慧消防升级第$2项" | grep -o '#[0-9]*' | head -n 1 | tr -d '#'; }
secretary="--post P-DZ-2 --person R-DZ-2"
doer="--post P-YJ-2 --person R-YJ-2"
reviewer="--post P-DZ-3 --person R-DZ-3"

ok 'records' demo walk.board
# The agenda of today's meeting of the working committee; it cannot open before anybody is there.
ok 'Y\|智慧消防' list walk.board agenda_item --filter "meeting.code == 'DWH-2026-07'"
ok 'moved' set walk.board meeting DWH-2026-07 --move call $secretary
no '应到 6 人，实到 0 人' set walk.board meeting DWH-2026-07 --move open $secretary
for n in 1 2 3 4 5; do
    name=R-DW-$n; from=2024-06-01; [ $n = 3 ] && { name=R-JD-1; from=2025-02-01; }
    ok 'created' set walk.board attendance - meeting=DWH-2026-07 member=DWH/$name/$from $secretary
done
member() { local from=2024-06-01; [ "$1" = R-JD-1 ] && from=2025-02-01; echo "DWH/$1/$from"; }
ok 'moved' set walk.board meeting DWH-2026-07 --move open $secretary
item=DWH-2026-07/1
ok 'moved' set walk.board agenda_item $item --move discuss $secretary
turn=0
for who in R-DW-2 R-JD-1 R-DW-4; do
    turn=$((turn + 1)); ok 'created' set walk.board speech - agenda_item=$item turn=$turn member=$(member $who) gist=同意 $secretary
done
no '末位表态' set walk.board speech - agenda_item=$item turn=4 member=$(member R-DW-1) last=yes $secretary
ok 'created' set walk.board speech - agenda_item=$item turn=4 member=$(member R-DW-5) gist=同意 $secretary
ok 'created' set walk.board speech - agenda_item=$item turn=5 member=$(member R-DW-1) last=yes gist=同意 $secretary
ok 'moved' set walk.board agenda_item $item --move call_vote $secretary
for who in R-DW-1 R-DW-2 R-JD-1; do ok 'created' set walk.board vote - agenda_item=$item member=$(member $who) choice=yes $secretary; done
no '赞成 3 票，基数 6 人，须超过 1/2' set walk.board agenda_item $item --move pass $secretary
no '没有表决通过' set walk.board resolution J-WALK title=抢先的决议 meeting=DWH-2026-07 agenda_item=$item committee=DWH adopted=2026-07-01 text=x officer=P-DZ-2 $secretary
ok 'created' set walk.board vote - agenda_item=$item member=$(member R-DW-4) choice=yes $secretary
ok 'created' set walk.board vote - agenda_item=$item member=$(member R-DW-5) choice=no $secretary
ok 'moved' set walk.board agenda_item $item --move pass conclusion=同意安排 $secretary
ok 'moved' set walk.board meeting DWH-2026-07 --move close $secretary
# The resolution and three matters that carry it through.
ok 'created' set walk.board resolution J-WALK title=关于智慧消防中心升级资金的决议 meeting=DWH-2026-07 agenda_item=$item committee=DWH adopted=2026-07-01 text=同意安排六百八十万元 officer=P-DZ-2 $secretary
ok 'moved' set walk.board meeting DWH-2026-07 --move minute minutes=会议同意 minuted=2026-07-01 $secretary
for n in 1 2 3; do
    ok 'created' set walk.board task DB-W$n title=智慧消防升级第$n项 source=resolution resolution=J-WALK lead=YJ officer=P-YJ-2 leader=P-DW-2 supervisor=P-DZ-2 reviewer=P-DZ-3 due=2026-07-0$((n + 2)) $secretary
    ok 'moved' set walk.board task DB-W$n --move assign assigned_on=2026-07-01 $secretary
    ok 'moved' set walk.board task DB-W$n --move sign signed_on=2026-07-01 $doer
done
for n in 1 2 3; do
    no '没有佐证材料' set walk.board task DB-W$n --move report reported_on=2026-07-01 result=完成 $doer
    ok 'created' set walk.board task_evidence - task=DB-W$n title=验收单 day=2026-07-01 number=YS-$n $doer
    ok 'moved' set walk.board task DB-W$n --move report reported_on=2026-07-01 result=完成 $doer
    no '环节\|goes through steps' set walk.board task DB-W$n --move close $secretary
    ok '' act walk.board start task DB-W$n close $doer --text 请覆核
    no '' act walk.board agree "$(item_of P-DZ-3 $n)" $doer --text 我看行
    ok '' act walk.board agree "$(item_of P-DZ-3 $n)" $reviewer --text 佐证齐全
    ok '' act walk.board agree "$(item_of P-DZ-2 $n)" $secretary --text 同意销号
    ok 'closed' show walk.board task DB-W$n
done
ok 'moved' set walk.board resolution J-WALK --move carry $secretary
# What came of it: the figure with its records, the score, the circular with its number, kept as it is.
ok '智慧消防升级第' why walk.board figure tasks_closed_on_time --unit YJ --period 2026-07
ok '督查督办考核' assess walk.board supervision --period 2026-07
ok '督通〔2026〕1号' report walk.board circular --period 2026-07 --file $secretary --out circular.html
no '不得更改' set walk.board circular circular-JC-2026-07 day=2026-07-02 $secretary
ok 'of 3 answered by the board' fill walk.board BB-04 --unit JC --period 2026-07 --post P-JDS-2
no '期间与报表周期不符' fill walk.board BB-04 --unit JC --period 2026Q2 --post P-JDS-2
no '不在报表准入目录' fill walk.board BB-07 --unit JC --period 2026-07
ok 'verified' verify walk.board
ok '0 differ' recompute walk.board
echo "$((steps - failed)) passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
