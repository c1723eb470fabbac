# The counting of ./test: canned outputs of ctest in, the last line out.
set -u
root="${YIPAN_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}"
passed=0; failed=0
expect() {  # name, exit code of ctest, expected last line; the log on stdin
    local last
    last="$(awk -f "$root/tools/sum_tests.awk" -v status="$2" -v seconds=1 | tail -n 1)"
    if [ "$last" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$1: expected '$3', got '$last'"; fi
}

expect "cases are summed over programs" 0 "5 passed, 0 failed, 1 skipped" <<'LOG'
1: [==========] 4 tests from 1 test suite ran. (0 ms total)
1: [  PASSED  ] 3 tests.
1: [  SKIPPED ] 1 test, listed below:
1: [  SKIPPED ] A.b
1/2 Test #1: base_test ........................   Passed    0.10 sec
2: [  PASSED  ] 2 tests.
2/2 Test #2: cel_test .........................   Passed    0.10 sec
LOG
expect "failed cases are counted, not programs" 8 "2 passed, 2 failed, 0 skipped" <<'LOG'
1: [  PASSED  ] 2 tests.
1: [  FAILED  ] 2 tests, listed below:
1: [  FAILED  ] A.b
1: [  FAILED  ] A.c
1/1 Test #1: base_test ........................***Failed    0.10 sec
LOG
expect "a program that dies is one failure" 8 "0 passed, 1 failed, 0 skipped" <<'LOG'
1: [ RUN      ] A.b
1/1 Test #1: base_test ........................***Exception: SegFault  0.10 sec
LOG
expect "a program that dies after its summary is a failure" 8 "2 passed, 1 failed, 0 skipped" <<'LOG'
1: [  PASSED  ] 2 tests.
1/1 Test #1: base_test ........................***Exception: SegFault  0.10 sec
LOG
expect "scenario files count one each" 0 "7 passed, 0 failed, 1 skipped" <<'LOG'
1: 7 passed, 0 failed, 1 skipped
1/1 Test #1: scenario_plain ...................   Passed    0.10 sec
LOG
expect "a script counts as one case" 0 "1 passed, 0 failed, 0 skipped" <<'LOG'
1/1 Test #1: errors_test ......................   Passed    0.10 sec
LOG
expect "interleaved programs are kept apart" 8 "3 passed, 1 failed, 0 skipped" <<'LOG'
1: [ RUN      ] A.b
2: [  PASSED  ] 3 tests.
1: boom
1/2 Test #1: a_test ...........................***Timeout 10.00 sec
2/2 Test #2: b_test ...........................   Passed    0.10 sec
LOG
expect "nothing run is a failure" 0 "0 passed, 1 failed, 0 skipped" <<'LOG'
No tests were found!!!
LOG
expect "a failing ctest without a failing case is a failure" 8 "1 passed, 1 failed, 0 skipped" <<'LOG'
1: [  PASSED  ] 1 test.
1/1 Test #1: a_test ...........................   Passed    0.10 sec
LOG
if awk -f "$root/tools/sum_tests.awk" -v status=8 -v seconds=1 <<< "1/1 Test #1: a ....***Failed 1 sec" > /dev/null; then
    failed=$((failed + 1)); echo "a failed test must make the exit code nonzero"
else
    passed=$((passed + 1))
fi
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
