#!/usr/bin/env bash
# What an agent that is linked costs beside collectd, node_exporter and netdata, those of them that are installed
# (collectd-core, prometheus-node-exporter, netdata-core). usage: tests/bench/agent.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
node tests/bench/agent.mjs "$@"
