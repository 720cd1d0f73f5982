#!/usr/bin/env bash
# The dashboard in Chromium on a real hydrad, beside a page of one file: first load, 60 services, change to
# paint with 1,000 more event streams, Lighthouse, 500 services under 50 changes a second.
#
#   tests/bench/page.sh [load] [sixty] [paint] [lighthouse] [storm]
#
# ROUNDS=7 loads of each page; STREAMS=1000 further event streams; STORM_SECONDS=20 of changes (600 for ten
# minutes); LIST=1 prints what a first load asks for. Lighthouse comes by npx when it is first needed.
#
# Main thread figures are CPU time of that thread; all others are wall time and suffer from what else the
# machine does: compare the ratios to the bare page, measured in turns with it.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
node tests/bench/page.mjs "$@"
