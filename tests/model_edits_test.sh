# Three real edits of the shipped model, looked at and made on the demo board (fictional): a field for the source of funds; the investment figure without
# the projects that are only hosted; the choice "own" merged into "district" and the field land_area dropped.
#   model_edits_test.sh PROGRAM [--show]     --show prints the three looks ahead whole
set -u
program="$1"; show="${2:-}"
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
passed=0; failed=0
expect() {
    local wanted="$1" text="$2" said code; shift 2
    said="$("$program" "$@" 2>&1 < /dev/null)"; code=$?
    [ "$show" = --show ] && printf '$ yipan %s\n%s\n\n' "$*" "$said"
    if [ "$code" = "$wanted" ] && grep -Eq -- "$text" <<< "$said"; then passed=$((passed + 1)); else
        failed=$((failed + 1)); printf '%s\n  expected exit %s and "%s"\n  got exit %s: %s\n' "yipan $*" "$wanted" "$text" "$code" "$(head -c 1500 <<< "$said")"
    fi
}
value() { "$program" figures d.board --figure "$1" --unit "$2" --period "$3" "${@:4}" --json | sed -n 's/.*"value":"\([-0-9.]*\)".*/\1/p'; }
same() { if [ -n "$2" ] && [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$1: \"$2\" is not \"$3\""; fi; }
differ() { if [ -n "$2" ] && [ -n "$3" ] && [ "$2" != "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$1: \"$2\", \"$3\""; fi; }

"$program" demo d.board > /dev/null || { echo "the demo board cannot be made"; exit 1; }
expect 0 'fields  states' model show d.board --out now
expect 1 'exists' model show d.board --out now
expect 1 'present one' model diff d.board now
top="$("$program" list d.board organ --json --limit 1 | sed -n 's/.*"key":"\([^"]*\)".*/\1/p')"

# 1: a field more
cp -r now one
sed -i 's/^      land_area:/      funds: {type: text, max_chars: 60, label: [资金来源, 資金來源, Source of funds]}\n      land_area:/' one/project/types/project.yaml
expect 0 'free .*funds' model diff d.board one
expect 0 ' 0 records rewritten, 0 new, 0 postings' model apply d.board one

# 2: the condition of a figure
cp -r one two
sed -i '/^  investment_done:/,/^    forest/s/where: "project.role != .serve."/where: "project.role == '"'own'"'"/' two/project/types/figures.yaml
expect 0 'figure investment_done: [0-9]+ cells before' model diff d.board two
expect 0 'computed from them: .*investment_rate' model diff d.board two
before="$("$program" verify d.board --json | sed -n 's/.*"entries":\([0-9]*\).*/\1/p')"
old="$(value investment_done "$top" 2026-01..06)"
expect 0 ' 0 records rewritten' model apply d.board two
new="$(value investment_done "$top" 2026-01..06)"
differ "investment_done by the new definition" "$old" "$new"
same "as known before, by the definition then" "$(value investment_done "$top" 2026-01..06 --as-known "$before")" "$old"
same "as known before, by the definition now" "$(value investment_done "$top" 2026-01..06 --as-known "$before" --definition now)" "$new"

# 3: a choice merged into another, a field dropped
cp -r two three
sed -i '/^          own: \[本级/d; /^      land_area:/d' three/project/types/project.yaml
expect 1 'records in all|no longer a code' model diff d.board three
expect 1 'did you mean land_area' model diff d.board three --migration <(printf 'migrations:\n  - drop_field: {type: project, field: land_aera}\n')
cat > three.yaml <<'YAML'
migrations:
  - map_choices: {type: project, field: level, to: {own: district}}
  - drop_field: {type: project, field: land_area}
YAML
expect 0 'loses data' model diff d.board three --migration three.yaml
expect 0 'project .*[0-9]+ .*[0-9]+' model diff d.board three --migration three.yaml
expect 0 'records rewritten' model apply d.board three --migration three.yaml
expect 0 '' verify d.board
expect 0 ' 0 differ' recompute d.board
expect 0 "rewrites|free|loses" model back d.board --preview
expect 0 "records rewritten" model back d.board
expect 0 '' verify d.board
expect 0 ' 0 differ' recompute d.board
same "the investment after the step back" "$(value investment_done "$top" 2026-01..06)" "$new"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
