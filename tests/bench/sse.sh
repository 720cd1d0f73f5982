#!/usr/bin/env bash
# SSE fan-out of hydrad (or of src/stream alone) beside ssefan's floor and nginx + nchan.
#
#   tests/bench/sse.sh [-a] [-r ROUNDS] [-b BUILD] [-o RESULTS.jsonl] [-s hydrad|stream-server] [SCENARIO…]
#
# Every run has a server started afresh; scenarios and servers take turns, so that what else the machine
# does hits all of them alike. -a: without floor and nchan. On a machine that others use too, `chrt -r 1`
# in front (as root) keeps them out of the figures. Prints medians and ratios to the floor (sse-table.py).
# Scenarios: see scenario(); without names: all. Needs ../shared/tools/ssefan.c, nginx, libnginx-mod-nchan.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=3 build=build server=hydrad results= alone=
while getopts ar:b:o:s: o; do
    case $o in
    a) alone=1 ;;
    r) rounds=$OPTARG ;;
    b) build=$OPTARG ;;
    o) results=$OPTARG ;;
    s) server=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
work=$(mktemp -d)
results=${results:-$work/results.jsonl}
pids=()
trap 'stop; rm -rf "$work"' EXIT

# What ssefan is to do; the floor and nchan take the same.
scenario() {
    case $1 in
    1k) echo "-n 1000 -r 10 -m 100" ;;
    8k) echo "-n 8000 -r 2 -m 24" ;;
    busy) echo "-n 8000 -r 10 -m 60" ;;
    big) echo "-n 300 -r 30 -m 150 -s 60000" ;;
    big-slow) echo "-n 300 -r 30 -m 150 -s 60000 --slow 30" ;;
    slow) echo "-n 1000 -r 10 -m 100 --slow 100" ;;
    overload) echo "-n 8000 -r 20 -m 200" ;;
    flood) echo "-n 8000 -r 40 -m 300" ;;
    resume) echo "-n 1000 -r 20 -m 300 --resume" ;;
    resume-slow) echo "-n 300 -r 30 -m 200 -s 20000 --slow 30 --resume" ;;
    *) echo "no scenario '$1'" >&2 && exit 2 ;;
    esac
}
scenarios=("$@")
[ $# -gt 0 ] || scenarios=(1k 8k busy big big-slow overload flood slow resume resume-slow)

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

wait_for() { # PORT
    for _ in $(seq 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    echo "the server on port $1 did not start" >&2
    exit 1
}

stop() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    [ ${#pids[@]} -eq 0 ] || wait "${pids[@]}" 2>/dev/null || true
    pids=()
}

start_stream_server() {
    "$build/tests/bench/stream-server" "$port" &
    pids=($!) watch=($!)
    target=(-p /events -pub POST:/publish)
}

start_hydrad() {
    local data=$work/data
    rm -rf "$data"
    mkdir -m 700 "$data"
    (umask 077 && echo 'correct horse battery staple' >"$work/password")
    "$build/hydrad" user add bench --role admin --password-file "$work/password" --data "$data" >/dev/null
    local token
    token=$("$build/hydrad" token add bench --user bench --scope events:read,events:write --data "$data")
    "$build/hydrad" --data "$data" --listen "127.0.0.1:$port" 2>"$work/hydrad.log" &
    pids=($!) watch=($!)
    target=(-p "/api/events/cluster?topics=custom" -e bench.tick -a "Bearer $token"
        -pub POST:/api/automation/events -h "Authorization: Bearer $token" -h 'Idempotency-Key: b-%SEQ%-%NS%')
}

start_nchan() {
    cat >"$work/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off; worker_processes 1; worker_rlimit_nofile 20000;
pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 12000; }
http {
    access_log off; client_body_buffer_size 256k; nchan_shared_memory_size 128M;
    client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
    server {
        listen 127.0.0.1:$port backlog=4096;
        location = /events { nchan_subscriber eventsource; nchan_channel_id b; nchan_subscriber_first_message newest; }
        location = /publish { nchan_publisher; nchan_channel_id b; nchan_message_buffer_length 200; }
    }
}
CONF
    nginx -c "$work/nginx.conf" -e "$work/nginx.log" &
    pids=($!)
    wait_for "$port"
    mapfile -t watch < <(pgrep -P "${pids[0]}")
    target=(-p /events -pub POST:/publish)
}

busy_ticks() { # CPU that all processes have used, in 1/100 s
    awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

measure() { # SCENARIO SERVER
    local -a args pid_args=() watch=() target=()
    local port before after json
    read -ra args <<<"$(scenario "$1")"
    port=$(free_port)
    case $2 in
    floor) target=(--floor) ;;
    hydrad) start_hydrad ;;
    stream-server) start_stream_server ;;
    nchan) start_nchan ;;
    esac
    if [ "$2" != floor ]; then
        wait_for "$port"
        sleep 0.5
        for p in "${watch[@]}"; do pid_args+=(--pid "$p"); done
        target=(sub -P "$port" "${target[@]}" "${pid_args[@]}")
    fi
    before=$(busy_ticks)
    json=$("$work/ssefan" "${target[@]}" "${args[@]}" --json || true)
    after=$(busy_ticks)
    stop
    echo "{\"scenario\":\"$1\",\"server\":\"$2\",\"busy_s\":$(((after - before) / 100)),\"run\":${json:-null}}" >>"$results"
    python3 tests/bench/sse-table.py --line "$results"
}

gcc -O2 -o "$work/ssefan" ../shared/tools/ssefan.c -lm
[ "$server" != stream-server ] || ninja -C "$build" tests/bench/stream-server >/dev/null
: >"$results"
servers=(floor "$server" nchan)
[ -z "$alone" ] || servers=("$server")
n=${#servers[@]}
for ((i = 0; i < rounds; i++)); do
    for s in "${scenarios[@]}"; do
        for ((j = 0; j < n; j++)); do
            measure "$s" "${servers[(i + j) % n]}"
        done
    done
done
python3 tests/bench/sse-table.py "$results"
