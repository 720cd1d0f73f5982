#!/usr/bin/env bash
# Screenshots of every screen into docs/images, in namespaces of their own: the pictures show what is started here and nothing else of
# the machine they are taken on.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
if [ -z "${HYDRA_SHOTS_INSIDE:-}" ]; then
    HYDRA_SHOTS_INSIDE=1 exec unshare --net --pid --fork --mount-proc "$(readlink -f "$0")" "$@"
fi
unset HYDRA_SHOTS_INSIDE
ip link set lo up
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
redis-server --port 6379 --bind 127.0.0.1 --save '' --dir "$scratch" >/dev/null &
printf 'daemon off; pid %s/pid; error_log /dev/null; events {}\nhttp { access_log off; server { listen 127.0.0.1:80; return 200 "ok"; } }\n' "$scratch" >"$scratch/nginx.conf"
command -v nginx >/dev/null && nginx -c "$scratch/nginx.conf" &
chmod 755 "$scratch" && mkdir "$scratch/pg" && chown postgres "$scratch/pg"
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
su postgres -c "$bin/initdb -D $scratch/pg -A trust -U postgres --no-sync >/dev/null && exec $bin/postgres -D $scratch/pg -h 127.0.0.1 -k $scratch/pg -F" >/dev/null 2>&1 &
sleep 4
node tests/browser/shots.mjs "$@"
