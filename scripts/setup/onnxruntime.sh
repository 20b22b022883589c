# shellcheck shell=bash
# ONNX Runtime's shared library, out of its wheel: the binaries load it at run time.

setup_onnxruntime() {
  local target=$CACHE/onnxruntime/libonnxruntime.so wheel
  have onnxruntime "$ONNXRUNTIME_VERSION" "$target" && return 0
  say "ONNX Runtime $ONNXRUNTIME_VERSION"
  wheel=$(fetch_wheel onnxruntime "$ONNXRUNTIME_VERSION" "$(by_arch ONNXRUNTIME_SHA256)")
  unzip -q -o "$wheel" 'onnxruntime/capi/*.so*' onnxruntime/LICENSE -d "$WORK/onnxruntime"
  # The provider bridge lies beside the library, where the library looks for it.
  put "$WORK/onnxruntime/onnxruntime/capi/libonnxruntime_providers_shared.so" "$CACHE/onnxruntime/libonnxruntime_providers_shared.so"
  put "$WORK/onnxruntime/onnxruntime/LICENSE" "$CACHE/onnxruntime/LICENSE"
  put "$WORK/onnxruntime/onnxruntime/capi/libonnxruntime.so.$ONNXRUNTIME_VERSION" "$target"
  printf '%s\n' "$ONNXRUNTIME_VERSION" >"$CACHE/onnxruntime/VERSION"
  stamp onnxruntime "$ONNXRUNTIME_VERSION"
}
