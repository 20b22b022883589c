#!/usr/bin/env bash
# Minimises the corpus of a target: the fewest and smallest inputs that reach the coverage of all known ones.
#   minimise.sh FOLDER_OF_PROGRAMS TARGET…
set -euo pipefail

programs=$1
shift
here=$(cd "$(dirname "$0")/../../fuzz" && pwd)
out=${OUT:-$programs/fuzz-findings}
for target in "$@"; do
  corpus=$here/corpus/$target
  fresh=$(mktemp -d)
  # Hand-written seeds stay under their names. Found inputs are added, the smallest first.
  git -C "$here" ls-files -z "corpus/$target" | (cd "$here" && xargs -0 -r cp -t "$fresh")
  "$programs/$target" -merge=1 -max_len=512 "$fresh" "$out/$target/corpus" >"$out/$target/merge.log" 2>&1
  # The forty smallest reach most of the coverage. Every `make test` runs them.
  find "$fresh" -type f -printf '%s %p\n' | sort -n | sed -n 1,40p | cut -d' ' -f2- | xargs -r cp -t "$corpus"
  rm -rf "$fresh"
  echo "$target: $(find "$corpus" -type f | wc -l) inputs, $(du -sb "$corpus" | cut -f1) bytes"
done
