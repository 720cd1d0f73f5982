#!/usr/bin/env bash
# Screenshots of every screen into docs/images, in namespaces of their own: the pictures show what is started here and nothing else of
# the machine they are taken on. Everything shown is real: databases, exporters and a Prometheus that reads them. What is not
# installed is unpacked from Debian's packages into a cache, so that nothing is installed or started outside. Beside them the demonstration,
# whose nodes are simulated and say so (shots-demo.mjs; alone with the word "demo").
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
PACKAGES=(prometheus prometheus-node-exporter prometheus-pushgateway prometheus-blackbox-exporter
    prometheus-redis-exporter prometheus-postgres-exporter etcd-server nats-server influxdb syncthing)
export HYDRA_SHOTS_CACHE=${HYDRA_SHOTS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hydra-shots}

fetch() {
    mkdir -p "$HYDRA_SHOTS_CACHE"
    local p
    for p in "${PACKAGES[@]}"; do
        [ -d "$HYDRA_SHOTS_CACHE/$p" ] && continue
        (cd "$HYDRA_SHOTS_CACHE" && apt-get download -qq "$p" >/dev/null 2>&1 && dpkg -x "$p"_*.deb "$p" && rm "$p"_*.deb) ||
            echo "$p is left out: it could not be fetched" >&2
    done
}

if [ -z "${HYDRA_SHOTS_INSIDE:-}" ]; then
    [ "${1:-}" = demo ] || fetch
    HYDRA_SHOTS_INSIDE=1 exec unshare --net --uts --pid --fork --mount-proc "$(readlink -f "$0")" "$@"
fi
unset HYDRA_SHOTS_INSIDE
ip link set lo up
[ "${1:-}" = demo ] && exec node tests/browser/shots-demo.mjs
hostname debian
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"

# run PACKAGE PROGRAM ARGUMENTS…: in the background and silent, where its package is there.
run() {
    local program
    program=$(ls "$HYDRA_SHOTS_CACHE/$1"/usr/{s,}bin/"$2" 2>/dev/null) || [ -n "$program" ] || return 0
    shift 2
    (cd "$scratch" && exec "$program" "$@") >/dev/null 2>&1 &
}

databases() {
    redis-server --port 6379 --bind 127.0.0.1 --save '' --dir "$scratch" >/dev/null &
    mkdir "$scratch/pg" && chown postgres "$scratch/pg"
    local bin
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
    su postgres -c "$bin/initdb -D $scratch/pg -A trust -U postgres --no-sync >/dev/null && exec $bin/postgres -D $scratch/pg -h 127.0.0.1 -k $scratch/pg -F" >/dev/null 2>&1 &
    run etcd-server etcd --data-dir "$scratch/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
    run nats-server nats-server -a 127.0.0.1 -p 4222 -m 8222
    printf '[meta]\ndir="%s/m"\n[data]\ndir="%s/d"\nwal-dir="%s/w"\n[http]\nbind-address="127.0.0.1:8086"\n' "$scratch" "$scratch" "$scratch" >"$scratch/influx.conf"
    run influxdb influxd -config "$scratch/influx.conf"
}

pages() {
    printf 'daemon off; pid %s/pid; error_log /dev/null; events {}\nhttp { access_log off; server { listen 127.0.0.1:80; return 200 "ok"; } }\n' "$scratch" >"$scratch/nginx.conf"
    command -v nginx >/dev/null && nginx -c "$scratch/nginx.conf" &
    run syncthing syncthing serve --no-browser --no-default-folder --home="$scratch/sync" --gui-address=127.0.0.1:8384
}

monitoring() {
    printf 'global: {scrape_interval: 5s}\nscrape_configs:\n- job_name: all\n  static_configs:\n  - targets: [127.0.0.1:9100, 127.0.0.1:9121, 127.0.0.1:9187, 127.0.0.1:9091, 127.0.0.1:2379, 127.0.0.1:8086]\n' >"$scratch/prometheus.yml"
    printf 'modules: {http_2xx: {prober: http}}\n' >"$scratch/blackbox.yml"
    run prometheus prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/tsdb" --web.listen-address=127.0.0.1:9090
    run prometheus-node-exporter prometheus-node-exporter --web.listen-address=127.0.0.1:9100
    run prometheus-pushgateway prometheus-pushgateway --web.listen-address=127.0.0.1:9091
    run prometheus-blackbox-exporter prometheus-blackbox-exporter --config.file="$scratch/blackbox.yml" --web.listen-address=127.0.0.1:9115
    run prometheus-redis-exporter prometheus-redis-exporter -web.listen-address 127.0.0.1:9121
    DATA_SOURCE_NAME='postgresql://postgres@127.0.0.1:5432/postgres?sslmode=disable' \
        run prometheus-postgres-exporter prometheus-postgres-exporter --web.listen-address=127.0.0.1:9187
}

# Some work, so that the charts have something to show.
work() {
    while sleep $((RANDOM % 5 + 1)); do
        redis-benchmark -q -n $((RANDOM / 2)) -c 4 -t set,get >/dev/null 2>&1 || true
        dd if=/dev/zero of="$scratch/file" bs=1M count=$((RANDOM % 24)) conv=fsync 2>/dev/null
    done
}

databases
pages
sleep 4
monitoring
work &
sleep 4
node tests/browser/shots.mjs "$@"
[ $# -gt 0 ] || node tests/browser/shots-demo.mjs
