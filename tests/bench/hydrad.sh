#!/usr/bin/env bash
# hydrad as it is, over HTTP: a 2 KB page of a service with a session beside nginx, h2o and the floor (http.sh
# in the same run); the overview of 500 services for 50 clients; what a cold load of the page costs the server.
#
#   tests/bench/hydrad.sh [BUILD_DIR] [request] [overview] [page]
#
# ROUNDS (3), SECONDS_EACH (4). hydrad on core 0, wrk on core 1. Latencies need a machine that is idle.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
build=build
if [ -d "${1:-}" ]; then build=$1; shift; fi
export HYDRAD=$PWD/${build#"$PWD/"}/hydrad
exec node tests/bench/hydrad.mjs "$@"
