#!/usr/bin/env bash
# Makes the corpus of a target anew: the fewest and smallest cases that reach what all known ones reach.
#   minimise.sh FOLDER_OF_PROGRAMS TARGET…
set -euo pipefail

programs=$1
shift
here=$(cd "$(dirname "$0")/../../fuzz" && pwd)
out=${OUT:-$programs/fuzz-findings}
for target in "$@"; do
  corpus=$here/corpus/$target
  fresh=$(mktemp -d)
  # The seeds that people wrote keep their names and stay; what was found is added, small before large.
  git -C "$here" ls-files -z "corpus/$target" | (cd "$here" && xargs -0 -r cp -t "$fresh")
  "$programs/$target" -merge=1 -max_len=512 "$fresh" "$out/$target/corpus" >"$out/$target/merge.log" 2>&1
  # Forty small ones hold most of it, and are read by every `make test`.
  find "$fresh" -type f -printf '%s %p\n' | sort -n | sed -n 1,40p | cut -d' ' -f2- | xargs -r cp -t "$corpus"
  rm -rf "$fresh"
  echo "$target: $(find "$corpus" -type f | wc -l) cases, $(du -sb "$corpus" | cut -f1) bytes"
done
