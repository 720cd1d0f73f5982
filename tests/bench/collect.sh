#!/usr/bin/env bash
# CPU of the collectors as a ratio to the least that reading the same files costs (readfloor).
# usage: tests/bench/collect.sh [SECONDS]     BUILD=build-bench FLOOR=../shared/tools/readfloor.c
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-10}
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ninja -C "$build" tests/bench/collectbench >/dev/null
gcc -O2 -o "$work/readfloor" "${FLOOR:-../shared/tools/readfloor.c}"

ratio() { # WHAT
  "$build/tests/bench/collectbench" "$seconds" "$1" >"$work/files" 2>"$work/ours"
  grep -v 'us CPU' "$work/ours" >&2 || true
  "$work/readfloor" "$seconds" <"$work/files" >"$work/floor"
  local ours floor reads
  reads=$(sed -n 's/.*, \([0-9.]*\) reads a tick.*/\1/p' "$work/ours")
  ours=$(sed -n 's/^\([0-9.]*\) us CPU.*/\1/p' "$work/ours")
  floor=$(sed -n 's/.* \([0-9.]*\) us CPU.*/\1/p' "$work/floor")
  awk -v w="$1" -v o="$ours" -v f="$floor" -v r="$reads" -v n="$(sed -n 's/ files.*//p' "$work/floor")" \
    'BEGIN { printf "%-10s ours %8.1f us, %6.1f reads a tick   floor %8.1f us, %3d reads   ratio %.2f\n", w, o, r, f, n, o / f }'
}

ratio metrics   # every collector but the process table, each in every tick
ratio processes # the process table in every tick; what it reads of new ones and of kernel threads is not in the list
ratio schedule  # everything, as often as it asks for, against reading all of it each second
