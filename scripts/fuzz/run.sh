#!/usr/bin/env bash
# Runs the libFuzzer programs one after the other. Prints one line for each: number of inputs, time and coverage.
#   run.sh FOLDER_OF_PROGRAMS [TARGET…]
# FUZZ_RUNS: inputs per target (default 1000000). Findings go to $OUT (default: fuzz-findings beside the programs).
set -euo pipefail

programs=$1
shift
here=$(cd "$(dirname "$0")/../../fuzz" && pwd)
out=${OUT:-$programs/fuzz-findings}
runs=${FUZZ_RUNS:-1000000}
if (($# == 0)); then
  mapfile -t targets < <(cd "$here/fuzz_targets" && printf '%s\n' *.rs | sed 's/\.rs$//')
  set -- "${targets[@]}"
fi

failed=()
printf '%-14s %10s %8s %8s %8s %8s  %s\n' target inputs seconds edges features kept result
for target in "$@"; do
  # New inputs stay outside the repository; minimise.sh chooses those to keep.
  found=$out/$target/corpus
  log=$out/$target/log
  mkdir -p "$found"
  seeds=("$here/corpus/$target")
  if [[ -d $here/regressions/$target ]]; then seeds+=("$here/regressions/$target"); fi
  result=ok
  began=$SECONDS
  "$programs/$target" -runs="$runs" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -use_value_profile=1 \
    -artifact_prefix="$out/$target/" "$found" "${seeds[@]}" >"$log" 2>&1 || result="FAILED, see $log"
  last=$(grep -aE ' cov: [0-9]+' "$log" | tail -1 || true)
  cases=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  field() { sed -n "s/.* $1: \([0-9]*\).*/\1/p" <<<"$last"; }
  printf '%-14s %10s %8s %8s %8s %8s  %s\n' "$target" "${cases:-0}" $((SECONDS - began)) "$(field cov)" "$(field ft)" \
    "$(field corp)" "$result"
  if [[ $result != ok ]]; then failed+=("$target"); fi
done
if ((${#failed[@]})); then
  echo "failed targets: ${failed[*]}" >&2
  exit 1
fi
