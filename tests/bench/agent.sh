#!/usr/bin/env bash
# What an agent that is linked and watches 40 containers costs beside collectd, node_exporter and netdata, those of them that are installed
# (collectd-core, prometheus-node-exporter, netdata-core), and beside the least that reading the same files costs. Needs root.
# usage: tests/bench/agent.sh [SECONDS]    FLOOR=../shared/tools/readfloor.c AGENT=build/hydra-agent WITH_SYSTEMD=1 STAY=1 (until Enter)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
node tests/bench/agent.mjs "$@"
