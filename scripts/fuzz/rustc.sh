#!/bin/sh
# Cargo calls this instead of rustc for the crates of the workspace (RUSTC_WORKSPACE_WRAPPER): it adds the counters that
# libFuzzer steers by. What cargo-fuzz does with `--sanitizer none`, but only for our own code: third-party crates are shared
# with the other builds. Stable Rust is enough.
exec "$@" \
  -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
