#!/usr/bin/env bash
# CPU per keep-alive request of 2 KB JSON, ours beside the yardstick, nginx and h2o (those that are
# installed), in one run: the server on core 0, wrk on core 1.
#
#   tests/bench/http.sh [BUILD_DIR]             the HTTP server alone (bench-http-server)
#   BENCH_PID=… BENCH_URL=… BENCH_COOKIE=… tests/bench/http.sh    a hydrad that runs already (hydrad.sh); the
#                                               CPU that it uses without any request is taken off
#
# SECONDS_EACH (4), ROUNDS (3), CONNECTIONS (64). Prints one line per server and round, then medians
# and ratios. CPU is what the scheduler charged to the server's threads (/proc/PID/task/*/schedstat).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build} each=${SECONDS_EACH:-4} rounds=${ROUNDS:-3} connections=${CONNECTIONS:-64}
tools=../shared/tools
work=$(mktemp -d); pids=()
finish() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; rm -rf "$work"; }
trap finish EXIT

python3 -c "
import json
print(json.dumps({'services':[{'id':f'node/docker/app{i}','state':'healthy','since':'2026-01-01T00:00:00Z','restarts':0} for i in range(22)]})[:2048])" > "$work/a.json"

start() { # name, command…
  local name=$1; shift
  taskset -c 0 "$@" > "$work/$name.log" 2>&1 & pids+=($!); pid[$name]=$!
}
cpu_ns() { # of a process and its children, all threads
  local p
  for p in "$1" $(cat /proc/"$1"/task/"$1"/children 2>/dev/null); do cat /proc/"$p"/task/*/schedstat; done |
    awk '{s += $1} END {printf "%.0f", s}'
}

declare -A pid url
cookie="Cookie: sid=0123456789abcdef0123456789abcdef"
ninja -C "$build" tests/bench/bench-http-server > /dev/null
if [ -n "${BENCH_PID:-}" ]; then
  pid[ours]=$BENCH_PID; url[ours]=$BENCH_URL; cookie="Cookie: ${BENCH_COOKIE:-}"
else
  start ours "$build/tests/bench/bench-http-server" 28311 "$work/a.json"; url[ours]=http://127.0.0.1:28311/
fi
if [ -f $tools/httpfloor.c ]; then
  cc -O2 -o "$work/httpfloor" $tools/httpfloor.c
  start floor "$work/httpfloor" 28312 "$work/a.json"; url[floor]=http://127.0.0.1:28312/
fi
if command -v nginx > /dev/null; then
  cat > "$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log stderr;
events { worker_connections 4096; }
http { access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 75s; open_file_cache max=10;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server { listen 127.0.0.1:28313; location / { root $work; default_type application/json; } } }
CONF
  chmod 755 "$work"; chmod 644 "$work/a.json"
  start nginx nginx -c "$work/nginx.conf" -p "$work"; url[nginx]=http://127.0.0.1:28313/a.json
fi
if command -v h2o > /dev/null; then
  cat > "$work/h2o.conf" <<CONF
num-threads: 1
user: root
http1-request-timeout: 75
listen: { host: 127.0.0.1, port: 28314 }
hosts: { default: { paths: { "/": { file.dir: $work } } } }
CONF
  start h2o h2o -m worker -c "$work/h2o.conf"; url[h2o]=http://127.0.0.1:28314/a.json
fi
sleep 0.7
idle=0 # CPU ns that ours uses anyway while one round lasts
if [ -n "${BENCH_PID:-}" ]; then
  idle=$(cpu_ns "$BENCH_PID"); sleep "$each"; idle=$(($(cpu_ns "$BENCH_PID") - idle))
  echo "ours uses $((idle / 1000 / each)) µs a second without any request"
fi

measure() { # name → "µs-per-request requests-per-second p99"
  local a b out
  a=$(cpu_ns "${pid[$1]}")
  out=$(taskset -c 1 wrk -t1 -c"$connections" -d"${each}s" --latency -H "$cookie" "${url[$1]}")
  b=$(cpu_ns "${pid[$1]}")
  if grep -q "Non-2xx" <<< "$out"; then echo "$1: answers are no 2xx: $out" >&2; exit 1; fi
  if [ "$1" = ours ]; then b=$((b - idle)); fi
  awk -v ns=$((b - a)) '/requests in/ {n = $1} /^Requests\/sec/ {r = $2} $1 == "99%" {p = $2}
    END {printf "%.2f %.0f %s\n", ns / 1e3 / n, r, p}' <<< "$out"
}

for ((r = 1; r <= rounds; r++)); do
  for name in floor nginx h2o ours; do
    [ -n "${url[$name]:-}" ] || continue
    line=$(measure $name); echo "$name ${line% * *}" >> "$work/cpu"
    echo "$name $line" | awk '{printf "%-6s %6.2f µs/request  %7d requests/s  p99 %s\n", $1, $2, $3, $4}'
  done
done
median() { awk -v n="$1" '$1 == n {print $2}' "$work/cpu" | sort -n | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'; }
ours=$(median ours)
echo "median ours $ours µs/request"
for name in floor nginx h2o; do
  m=$(median $name)
  if [ -n "$m" ]; then awk -v o="$ours" -v m="$m" -v n=$name 'BEGIN {printf "ours / %-6s %.2f  (%.2f µs)\n", n, o / m, m}'; fi
done
