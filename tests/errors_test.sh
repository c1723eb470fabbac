# Every error code of the one table is explained in docs/errors.md, with its exit code; and no page explains a code that is gone.
set -u
root="${YIPAN_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}"
failed=0; passed=0
codes="$(sed -n 's/^YIPAN_ERROR(\([a-z_]*\), [0-9]*, \([0-9]\), .*/\1 \2/p' "$root/src/base/error_codes.def")"
[ -n "$codes" ] || { echo "no codes read from error_codes.def"; exit 1; }
while read -r code exit_code; do
    if grep -q "^| \`$code\` | $exit_code | .\+ | .\+ |\$" "$root/docs/errors.md"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1)); echo "docs/errors.md has no row for $code with exit code $exit_code"
    fi
done <<< "$codes"
while read -r code; do
    grep -q "^$code " <<< "$codes" || { failed=$((failed + 1)); echo "docs/errors.md explains $code, which does not exist"; }
done < <(sed -n 's/^| `\([a-z_]*\)` | [0-9] | .*/\1/p' "$root/docs/errors.md")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
