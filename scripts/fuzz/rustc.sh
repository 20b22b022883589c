#!/bin/sh
# Cargo calls this instead of rustc for the crates of the workspace (RUSTC_WORKSPACE_WRAPPER). It adds the coverage counters that
# guide libFuzzer: the same as cargo-fuzz with `--sanitizer none`, but for our own code only, so that third-party crates are
# shared with the other builds. Works with stable Rust.
exec "$@" \
  -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
