#!/bin/bash
# Kills under load (I6): the client with SIGKILL, and the server, postmaster and all, with fsync on. Nothing that was answered
# is lost. YIPAN_TEST_LEVEL long: many more rounds. The server is one of this test's own: it is killed.
#   kill_test.sh KILL_TEST_PROGRAM
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
program="$1"
folder="$(mktemp -d "${TMPDIR:-/tmp}/yipan-kill-XXXXXX")"
cleanup() {
    bash "$here/server.sh" stop "$folder" 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT
clients=10 servers=5
case "${YIPAN_TEST_LEVEL:-}" in quick) clients=3 servers=2 ;; long) clients=200 servers=50 ;; esac
YIPAN_TEST_POSTGRES="$(bash "$here/server.sh" start "$folder")"
export YIPAN_TEST_POSTGRES XDG_STATE_HOME="$folder/state"
YIPAN_KILLS="$clients" "$program" --gtest_brief=1
YIPAN_KILLS="$servers" YIPAN_KILL_SERVER="bash $here/server.sh kill $folder && bash $here/server.sh again $folder" \
    "$program" --gtest_brief=1 --gtest_filter=Kill.what_was_answered_accepted_survives_a_kill_at_any_moment
