#!/bin/bash
# The arrows of the house: what a room of src/ includes must stand in its DEPS (or be itself), and nothing in src/ names a module.
# usage: layers_test.sh ROOT
set -euo pipefail
cd "$1"
passed=0
failed=0
declare -A allowed
for file in src/*/CMakeLists.txt; do
    room="$(basename "$(dirname "$file")")"
    allowed[$room]=" $room $(sed -n 's/.*DEPS \([a-z ]*\).*/\1/p' "$file" | tr '\n' ' ') "
done
# What the arrows reach directly or further left is allowed too.
for _ in 1 2 3 4 5 6; do
    for room in "${!allowed[@]}"; do
        for dep in ${allowed[$room]}; do
            for further in ${allowed[$dep]:-}; do
                case "${allowed[$room]}" in *" $further "*) ;; *) allowed[$room]+="$further " ;; esac
            done
        done
    done
done
for room in "${!allowed[@]}"; do
    wrong=""
    while IFS=: read -r file included; do
        target="${included%%/*}"
        [ -n "${allowed[$target]:-}" ] || continue
        case "${allowed[$room]}" in *" $target "*) ;; *) wrong+="  $file includes $included, which is no arrow of $room"$'\n' ;; esac
    done < <(grep -ho --with-filename '^#include "[a-z_]*/[a-z_/.]*"' src/"$room"/*.cpp src/"$room"/*.h | sed 's/:#include "\(.*\)"/:\1/')
    if [ -n "$wrong" ]; then
        failed=$((failed + 1))
        printf 'FAILED room %s\n%s' "$room" "$wrong"
    else
        passed=$((passed + 1))
    fi
done
# The oracle must never look at what it judges.
if grep -lE '#include "(figure|score)/' src/oracle/*.cpp src/oracle/*.h | grep -v _test; then
    failed=$((failed + 1))
    echo "FAILED the oracle includes what it judges"
else
    passed=$((passed + 1))
fi
# Nothing in src/ names a module.
names="$(ls modules | grep -v CMakeLists | sed 's/\..*//' | tr '\n' '|' | sed 's/|$//')"
if grep -nE "modules/($names)" src/*/*.cpp src/*/*.h | grep -v _test | grep -vE "^[^:]*:[0-9]+: *//"; then
    failed=$((failed + 1))
    echo "FAILED src/ names a module"
else
    passed=$((passed + 1))
fi
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
