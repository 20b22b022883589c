#!/usr/bin/env bash
# Runs a compile command while setup fetches what the result needs to run; fails when either fails.
#   scripts/compile.sh PART COMMAND…     PART: demo, test or bench, as in setup.sh
# On a fresh machine with two cores this saves the minute that downloads take.
set -euo pipefail

setup=$(dirname "${BASH_SOURCE[0]}")/setup.sh
part=$1
shift

"$setup" build
"$setup" "$part" &
fetching=$!
status=0
"$@" || status=$?
# Without the program the downloads have no use.
if [ "$status" != 0 ]; then kill "$fetching" 2>/dev/null || true; fi
wait "$fetching" || status=$?
exit "$status"
