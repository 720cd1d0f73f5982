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
  local ours floor
  ours=$(sed -n 's/^\([0-9.]*\) us CPU.*/\1/p' "$work/ours")
  floor=$(sed -n 's/.* \([0-9.]*\) us CPU.*/\1/p' "$work/floor")
  awk -v w="$1" -v o="$ours" -v f="$floor" -v n="$(wc -l <"$work/files")" \
    'BEGIN { printf "%-10s %3d files   ours %8.1f us   floor %8.1f us   ratio %.2f\n", w, n, o, f, o / f }'
}

ratio metrics
ratio processes
"$build/tests/bench/collectbench" "$seconds" schedule 2>&1 >/dev/null |
  sed -n 's/^\([0-9.]*\) us CPU.*/\1/p' |
  awk '{ printf "all, as often as they ask for: %.1f us a second = %.4f %% of a core\n", $1, $1 / 1e4 }'
