# The example queries of docs/sql.md run with sqlite3 on a demo board and each answers something; and the sum of query 2
# is the figure's own value.   sql_test.sh PROGRAM
set -u
root="${YIPAN_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}"
program="$1"
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
passed=0; failed=0
good() { if [ "$1" = 1 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$2"; fi; }

"$program" demo "$folder/a.board" > /dev/null || { echo "the demo board cannot be made"; exit 1; }
awk -v folder="$folder" '/^```sql/ { file = folder "/" ++n ".sql"; next } /^```/ { file = ""; next } file { print > file }' "$root/docs/sql.md"
count=0
for query in "$folder"/*.sql; do
    count=$((count + 1))
    answer="$(sqlite3 -readonly -bail "$folder/a.board" < "$query" 2>&1)"; code=$?
    good "$([ $code -eq 0 ] && [ -n "$answer" ] && echo 1)" "query $(basename "$query"): exit $code, answer: $answer"
done
good "$([ "$count" -eq 5 ] && echo 1)" "docs/sql.md should have five queries, it has $count"

# One organ of query 2, which goes by the organ a project has now, against the figure that does the same.
line="$(sqlite3 -readonly -separator '|' "$folder/a.board" < "$folder/2.sql" | head -n 1)"
organ="$(sqlite3 -readonly "$folder/a.board" "SELECT code FROM organ WHERE name = '$(cut -d '|' -f 1 <<< "$line")'")"
sql="$(sqlite3 -readonly "$folder/a.board" "SELECT printf('%.2f', sum(m.amount) / 100.0) FROM project_month m JOIN project p ON p.id = m.project JOIN organ o ON o.id = p.organ
  WHERE o.code = '$organ' AND m.month BETWEEN 20260101 AND 20260199 AND m.month % 100 <= 6 AND p.role <> 'serve'")"
figure="$("$program" figures "$folder/a.board" --figure investment_done_restated --unit "$organ" --period 2026H1 --json | sed -n 's/.*"value":"\([0-9.]*\)".*/\1/p')"
good "$([ -n "$figure" ] && [ "$figure" = "$sql" ] && echo 1)" "investment_done_restated of $organ in 2026H1 is $figure, sqlite3 sums $sql"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
