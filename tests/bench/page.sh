#!/usr/bin/env bash
# The dashboard in Chromium on a real hydrad, beside a page of one file: first load, 60 services, change to
# paint with 1,000 more event streams, 500 services under 50 changes a second.
#
#   tests/bench/page.sh [load] [sixty] [paint] [storm]
#
# Main thread figures are CPU time of that thread; all others are wall time and suffer from what else the
# machine does: compare the ratios to the bare page, measured in turns with it.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
node tests/bench/page.mjs "$@"
