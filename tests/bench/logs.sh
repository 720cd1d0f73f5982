#!/usr/bin/env bash
# Searches of a big log: hydrad beside journalctl. ENTRIES=2600000 ROUNDS=5 ONLY=EXPRESSION KEEP=/var/tmp. Needs root, systemd-journal-remote.
#   logs.sh docker   of a container's log: beside docker logs | grep. MEGABYTES=1024 ROUNDS=3 ONLY=EXPRESSION. Needs root, docker.io.
#                    ENGINE=1: as where the log's file may not be read, by the engine's API
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
[ "${1:-}" != docker ] || exec node "$here/logs-docker.mjs"
[ -x /lib/systemd/systemd-journal-remote ] || { echo "Install systemd-journal-remote first."; exit 2; }
exec node "$here/logs.mjs"
