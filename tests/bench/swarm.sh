#!/usr/bin/env bash
# A hub under many agents: simulated ones, but for their values: the real protocol over real TLS, a frame of
# 300 series a second each. Then all links drop at once.
#
#   tests/bench/swarm.sh [10,100,1000]
#
# SERIES=300, SECONDS_EACH=10. The agents share the machine with the hub: its latency suffers from them.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
ninja -C build tests/bench/swarm >/dev/null
node tests/bench/swarm.mjs "$@"
