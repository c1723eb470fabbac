#!/bin/bash
# many_boards.sh YIPAN ADDRESS [N]: N boards of the shipped model in one database of PostgreSQL, and what they cost it: time to make one,
# relations and catalog, room on disk, a first figure from a process that has just started, connections of processes that serve and
# have nothing to do. docs/scale.md calculates with these numbers. Run by `bench/run scale [N]`.
set -euo pipefail
yipan="$1" address="$2" boards="${3:-100}" served=$((${3:-100} < 8 ? ${3:-100} : 8))
work="$(mktemp -d)"
pids=()
trap 'for p in "${pids[@]}"; do kill "$p" 2> /dev/null || true; done; wait; rm -rf "$work"' EXIT
export XDG_STATE_HOME="$work/state"
host="${address#*host=}" host="${host%%&*}"
sql() { psql -X -At -h "$host" -U postgres -d yipan -c "$1"; }
now() { date +%s%N; }
catalogs="pg_class, pg_attribute, pg_index, pg_type, pg_statistic"
catalog() { sql "SELECT round(sum(pg_total_relation_size(c::regclass)) / 1048576.0, 1) FROM unnest(string_to_array('${catalogs// /}', ',')) c"; }
before_catalog="$(catalog)" before_size="$(sql "SELECT pg_database_size('yipan')")"
started="$(now)" slowest=0
for i in $(seq "$boards"); do
    t="$(now)"
    "$yipan" init "$address&board=zone_$i" --name "园区$i" --note 虚构 > /dev/null
    t=$((($(now) - t) / 1000000))
    [ "$t" -le "$slowest" ] || slowest="$t"
done
echo "machine: $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg), $(sql 'SHOW server_version')"
echo "$boards boards made in $((($(now) - started) / 1000000)) ms, the slowest in $slowest ms"
echo "schemas $(sql "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'zone\_%'"), relations $(sql "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname LIKE 'zone\_%'")"
echo "catalog ($catalogs) $before_catalog MiB before, $(catalog) MiB after; database $(((  $(sql "SELECT pg_database_size('yipan')") - before_size) / 1048576 / boards)) MiB a board, empty"
times=()
for i in $(seq 1 $((boards / 10 > 0 ? boards / 10 : 1)) "$boards"); do
    t="$(now)"
    "$yipan" figures "$address&board=zone_$i" > /dev/null
    times+=($((($(now) - t) / 1000000)))
done
echo "a process started, the board opened and its figures listed: ms $(printf '%s\n' "${times[@]}" | sort -n | tr '\n' ' ')"
backends="$(sql "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")"
for i in $(seq "$served"); do
    "$yipan" serve "$address&board=zone_$i" --port 0 > "$work/serve.$i" 2>&1 &
    pids+=($!)
done
connections() { echo "$(($(sql "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") - backends))"; }
sleep 45
echo "connections of $served boards served and idle for 45 s: $(connections); memory of one such process $(awk '/VmRSS/ {printf "%d MiB", $2/1024}' "/proc/${pids[0]}/status")"
sleep 30  # after 60 s without use they rest
resting=0
for i in $(seq "$served"); do
    if [ "$(sql "SELECT process LIKE 'resting%' FROM zone_$i.yipan_holder")" = t ]; then resting=$((resting + 1)); fi
done
echo "after 75 s: $(connections) connections, $resting of $served rest"
