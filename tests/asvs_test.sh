#!/bin/bash
# The table of docs/security.md: every item of OWASP ASVS 4.0.3, level 2, of the chapters it speaks of stands there once, at least
# eighty are tests, and every test it names is one of this tree. usage: asvs_test.sh ROOT
set -euo pipefail
root="$1"
table="$(sed -n 's/^| \([0-9][0-9.]*\) | \(.*\) |$/\1 | \2/p' "$root/docs/security.md")"
bad=0
say() { echo "FAILED $1"; bad=$((bad + 1)); }
# chapter.section:items of levels 1 and 2 (5 of 4.1 and so on: what the standard deleted or asks at level 3 only is left out)
wanted="2.1:1-12 2.2:1-3 2.3:1-3 2.4:1-5 2.5:1-7 2.6:1-3 2.7:1-6 2.8:1-7 2.9:1-3 2.10:1-4 3.1:1 3.2:1-4 3.3:1-4 3.4:1-5 3.5:1-3 3.7:1 4.1:1-3 4.1:5
4.2:1-2 4.3:1-3 5.1:1-5 5.2:1-8 5.3:1-10 5.4:1-3 5.5:1-4 7.1:1-4 7.2:1-2 7.3:1 7.3:3-4 7.4:1-3 8.1:1-4 8.2:1-3 8.3:1-8 12.1:1-3 12.2:1 12.3:1-6 12.4:1-2
12.5:1-2 12.6:1 13.1:1 13.1:3-5 13.2:1-3 13.2:5-6 13.3:1-2 13.4:1-2"
expected="$(for part in $wanted; do
    range="${part#*:}"
    for n in $(seq "${range%-*}" "${range#*-}"); do echo "${part%:*}.$n"; done
done | sort)"
found="$(cut -d ' ' -f 1 <<< "$table" | sort)"
[ "$expected" = "$found" ] || say "items: $(diff <(echo "$expected") <(echo "$found") | grep '^[<>]' | tr '\n' ' ')"
tests="$(grep -c ' | test | ' <<< "$table" || true)"
[ "$tests" -ge 80 ] || say "only $tests items are tests"
settings="$(grep -c ' | setting | ' <<< "$table" || true)" reasons="$(grep -c ' | reason | ' <<< "$table" || true)"
head="Of $(wc -l <<< "$table") items $tests have a test, $settings a setting, $reasons a reason"
grep -qF "$head" "$root/docs/security.md" || say "the head of the table does not say: $head"
while read -r line; do say "neither test, setting nor reason: $line"; done < <(grep -vE ' \| (test|setting|reason) \| .+' <<< "$table" || true)
names="$(grep -rhoE '^(TEST|TEST_F|TEST_P|RC_GTEST_PROP)\([A-Za-z0-9]+, ?[A-Za-z0-9_]+' --include=*_test.cpp "$root/src" "$root/tests" "$root/modules" | sed -E 's/^[A-Z_]+\(//; s/, ?/./' | sort -u)"
while read -r name; do
    case "$name" in
    */*) [ -e "$root/$name" ] || say "no such file: $name" ;;
    *.*) grep -qxF "$name" <<< "$names" || say "no such test: $name" ;;
    esac
done < <(grep ' | test | ' <<< "$table" | sed 's/.* | test | //' | grep -oE '`[^`]+`' | tr -d '`' | sort -u)
[ "$bad" -eq 0 ] && echo "$(wc -l <<< "$table") items, $tests of them tests"
echo "$([ "$bad" -eq 0 ] && echo 1 || echo 0) passed, $bad failed, 0 skipped"
[ "$bad" -eq 0 ]
