#!/usr/bin/env bash
# What hydrad with its built-in agent costs while nothing happens, without and with a page open.
# usage: tests/bench/idle.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
node tests/bench/idle.mjs "$@"
