#!/usr/bin/env bash
# What a person waits for at a far node: a click until a unit was restarted, a line until it is on the screen, with and without a flood
# beside it; and how fast lines go to Loki. usage: tests/bench/remote.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
node tests/bench/remote.mjs "$@"
