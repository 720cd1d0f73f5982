#!/usr/bin/env bash
# First hits in a big journal: hydrad beside journalctl --grep. ENTRIES=300000 ROUNDS=5. Needs systemd-journal-remote.
set -euo pipefail
[ -x /lib/systemd/systemd-journal-remote ] || { echo "Install systemd-journal-remote first."; exit 2; }
exec node "$(dirname "$(readlink -f "$0")")/logs.mjs"
