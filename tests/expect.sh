# Sourced by the tests of commands, before they change the folder. `program` is what is run, `limit` the seconds it may take (none: as
# long as it likes); `passed` and `failed` count.
passed=0 failed=0
# expect EXIT REGEX ARGUMENTS...: the program ends so and says that
expect() {
    local wanted="$1" text="$2" said code; shift 2
    said="$(${limit:+timeout "$limit"} "$program" "$@" 2>&1 < /dev/null)"; code=$?
    if [ "$code" = "$wanted" ] && grep -Eq -- "$text" <<< "$said"; then passed=$((passed + 1)); else
        failed=$((failed + 1)); printf '%s\n  expected exit %s and "%s"\n  got exit %s: %s\n' "yipan $*" "$wanted" "$text" "$code" "$(head -c 600 <<< "$said")"
    fi
}
# good SENTENCE COMMAND...: the command succeeds; else the sentence is said
good() { if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$1"; fi; }
