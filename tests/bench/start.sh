#!/usr/bin/env bash
# exec to the first 200 on /readyz with an existing database, and what an idle hydrad with its built-in agent costs: resident memory
# and CPU over 30 s. Beside it: nginx's start in the same run.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
python3 tests/bench/start.py "$@"
