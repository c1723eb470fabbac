# Reads the output of `ctest -V` and prints: the output of every failed program, what was skipped, and as the last line
# the sum over single cases. A program's own count comes from GoogleTest's summary or from a line
# "N passed, M failed, K skipped"; a program that has neither counts as one case; one that died counts as a failure more.
# Variables: status (ctest's exit code), seconds.
function own(id) { return (id in passed) || (id in failed) || (id in skipped) }

# Lines of a test: "12: text". Some programs of a parallel run interleave, therefore the number.
match($0, /^[0-9]+: /) {
    id = substr($0, 1, RLENGTH - 2) + 0
    text = substr($0, RLENGTH + 1)
    if (lines[id] < 400) output[id, lines[id]++] = text
    else { tail[id, cut[id] % 200] = text; cut[id]++ }
    if (match(text, /^\[  PASSED  \] [0-9]+ test/)) { split(text, part, " "); passed[id] += part[4] }
    else if (match(text, /^\[  FAILED  \] [0-9]+ tests?, listed/)) { split(text, part, " "); failed[id] += part[4] }
    else if (match(text, /^\[  SKIPPED \] [0-9]+ tests?, listed/)) { split(text, part, " "); skipped[id] += part[4] }
    else if (text ~ /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/) {
        split(text, part, " ")
        passed[id] += part[1]; failed[id] += part[3]; skipped[id] += part[5]
    }
    else if (text ~ /^(SKIPPED|skipped):? /) why[text]++
    # GoogleTest says why on the line after "file:line: Skipped".
    if (asked[id]) { why[text]++; asked[id] = 0 }
    if (text ~ /: Skipped$/) asked[id] = 1
    next
}

# Verdicts of ctest: " 3/20 Test  #3: name ......   Passed    0.10 sec"
match($0, /^ *[0-9]+\/[0-9]+ +Test +#[0-9]+: /) {
    rest = $0
    sub(/^ *[0-9]+\/[0-9]+ +Test +#/, "", rest)
    id = rest + 0
    name = rest; sub(/^[0-9]+: /, "", name); sub(/ .*/, "", name)
    if (rest ~ /\*\*\*(Skipped|Not Run \(Disabled\))/) { if (!own(id)) skipped[id] = 1 }
    else if (rest ~ / Passed /) { if (!own(id)) passed[id] = 1 }
    else {
        if (!failed[id]) failed[id] = 1
        bad[++bads] = id
        names[id] = name
    }
    seen++
}

END {
    for (b = 1; b <= bads; b++) {
        id = bad[b]
        print "---- " names[id] " failed; its output:"
        for (i = 0; i < lines[id]; i++) print output[id, i]
        if (cut[id] > 200) print "... (" cut[id] - 200 " lines left out, see build/test.log)"
        for (i = cut[id] > 200 ? cut[id] - 200 : 0; i < cut[id]; i++) print tail[id, i % 200]
    }
    for (id in passed) p += passed[id]
    for (id in failed) f += failed[id]
    for (id in skipped) k += skipped[id]
    if (status != 0 && f == 0) { print "ctest ended with code " status ", see build/test.log"; f = 1 }
    for (reason in why) print "skipped (" why[reason] "): " reason
    if (seen == 0) { print "no test ran, see build/test.log"; if (f == 0) f = 1 }
    print seen + 0 " test programs in " seconds " s"
    print p + 0 " passed, " f + 0 " failed, " k + 0 " skipped"
    exit f > 0 ? 1 : 0
}
