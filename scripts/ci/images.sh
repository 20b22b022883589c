#!/usr/bin/env bash
# Builds every image with buildah, checks its size, pushes it as $REGISTRY/NAME:$TAG, and records NAME and digest, one image a line.
#   scripts/ci/images.sh FILE SBOMS
# SBOMS gets NAME.cdx.json of each: what is in it, which is checked, too.
# What follows names images by these digests only: a tag may be moved. images/Dockerfile says what each image is.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
OUT=$1
SBOMS=$2
# Name → target of the Dockerfile. `vru-infer-gpu` of the manifests is infer-gpu here.
IMAGES=(migrate:migrate sink:sink api:api web:web ingest:ingest infer:infer infer-gpu:infer collector:collector)

die() { printf 'images: %s\n' "$*" >&2; exit 1; }

[ -n "${REGISTRY:-}" ] || die "REGISTRY is not set: where images are pushed to"
[ -n "${TAG:-}" ] || die "TAG is not set: the commit that the images are built from"
# A base of CUDA with TensorRT that fits the ONNX Runtime below.
[ -n "${INFER_GPU_BASE:-}" ] || die "INFER_GPU_BASE is not set: the base of the image for GPUs, by digest"
"$ROOT/scripts/ci/tools.sh" buildah skopeo
"$ROOT/scripts/setup.sh" images
# shellcheck source=../versions.env
. "$ROOT/scripts/versions.env"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ONNX Runtime for CUDA and TensorRT, out of its wheel.
"$CACHE/venv/bin/pip" download -q --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_x86_64 \
  -d "$work/wheel" "onnxruntime-gpu==$ONNXRUNTIME_GPU_VERSION"
printf '%s  %s\n' "$ONNXRUNTIME_GPU_SHA256" "$work"/wheel/*.whl | sha256sum --check --status || die "the wheel of onnxruntime-gpu has another SHA-256"
unzip -q -j "$work"/wheel/*.whl 'onnxruntime/capi/libonnxruntime*' onnxruntime/LICENSE -d "$work/onnxruntime-gpu"
mv "$work/onnxruntime-gpu/libonnxruntime.so.$ONNXRUNTIME_GPU_VERSION" "$work/onnxruntime-gpu/libonnxruntime.so"
printf '%s\n' "$ONNXRUNTIME_GPU_VERSION" >"$work/onnxruntime-gpu/VERSION"

if [ -n "${CI_REGISTRY_PASSWORD:-}" ]; then
  printf '%s' "$CI_REGISTRY_PASSWORD" | buildah login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"
fi

# A tag may move between two images of one commit, so each base is looked up once: all are built on these digests, and the log names them.
bases=()
for name in BASE BUILDER NODE GO; do
  tag=docker.io/library/$(sed -n "s/^ARG $name=//p" "$ROOT/images/Dockerfile")
  digest=$(skopeo inspect --no-tags --format '{{.Digest}}' "docker://$tag") || die "there is no digest of $tag"
  # This buildah knows no reference with a tag and a digest.
  bases+=(--build-arg "$name=${tag%:*}@$digest")
  printf -- '--- %s is %s@%s\n' "$name" "$tag" "$digest"
  [ "$name" != BASE ] || base=${tag%:*}@$digest
done

# Buildah 1.28 takes a stage that only the default of an argument names for one that nothing uses, and does not build it.
stages=(--build-arg PROGRAMS=compiled --build-arg WEB=web-compiled --build-arg COLLECTOR=collector-compiled)

# unpack IMAGE FOLDER: its file system as FOLDER/root.
unpack() {
  mkdir -p "$2"
  ln --symbolic "$(buildah mount "$(buildah from --quiet "$1")")" "$2/root"
}
size() { du --summarize --block-size=1M "$1/root/" | cut -f1; }

# The base of all but infer-gpu, as images/Dockerfile names it.
unpack "$base" "$work/base"
mkdir -p "$work/images" "$SBOMS"
for entry in "${IMAGES[@]}"; do
  name=${entry%%:*} target=${entry##*:}
  started=$SECONDS
  arguments=(--build-arg INFER_BASE=runtime --build-context onnxruntime="$CACHE/onnxruntime"
    --label org.opencontainers.image.base.name="${base%@*}"
    --label org.opencontainers.image.base.digest="${base#*@}")
  if [ "$name" = infer-gpu ]; then
    arguments=(--build-arg INFER_BASE="$INFER_GPU_BASE" --build-context onnxruntime="$work/onnxruntime-gpu")
  fi
  buildah bud --layers --format oci --file "$ROOT/images/Dockerfile" --target "$target" --tag "$REGISTRY/$name:$TAG" \
    --label org.opencontainers.image.revision="$TAG" --label org.opencontainers.image.created="$(git -C "$ROOT" log -1 --format=%cI)" \
    --build-context models="$CACHE/models" "${bases[@]}" "${stages[@]}" "${arguments[@]}" "$ROOT"
  unpack "$REGISTRY/$name:$TAG" "$work/images/$name"
  most=$(awk -v name="$name" '$1 == name { print $2 }' "$ROOT/images/bounds.txt")
  over=$(($(size "$work/images/$name") - $(size "$work/base")))
  printf -- '--- %s: %s MB over its base (bound %s)\n' "$name" "$over" "${most:-none}"
  [ -z "$most" ] || [ "$over" -le "$most" ] || die "$name has $over MB over its base, more than $most"
  "$ROOT/images/sbom.sh" "$name" "$TAG" "$work/images/$name/root/" "$work/images/$name/$name.cdx.json"
  cp "$work/images/$name/$name.cdx.json" "$SBOMS/"
  buildah push --digestfile "$work/digest" "$REGISTRY/$name:$TAG"
  printf '%s %s@%s\n' "$name" "$REGISTRY/$name" "$(cat "$work/digest")" >>"$work/digests"
  printf -- '--- %s took %s s\n' "$name" $((SECONDS - started))
done
"$CACHE/venv-images/bin/python" "$ROOT/images/check_sbom.py" "$work/images"
mv "$work/digests" "$OUT"
cat "$OUT"
