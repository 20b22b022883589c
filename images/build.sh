#!/usr/bin/env bash
# Builds every image with buildah on a Debian of mmdebstrap, from the programs of the last build, and checks their sizes.
#   images/build.sh OUT [IMAGE...]
# PROFILE: `dev`, or `release` as in the pipeline's images, which have smaller bounds.
# OUT/IMAGE/root is its file system, OUT/IMAGE/config.json what a container runtime is told of it. OUT/base is the Debian alone.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
PROFILE=${PROFILE:-dev}
OUT=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() { printf 'images: %s\n' "$*" >&2; exit 1; }
say() { printf -- '--- %s\n' "$*"; }

case $PROFILE in
  dev) folder=debug column=3 ;;
  release) folder=release column=2 ;;
  *) die "unknown profile '$PROFILE'; choose dev or release" ;;
esac
PROGRAMS=${CARGO_TARGET_DIR:-$CACHE/target}/$folder
[ "$(id -u)" = 0 ] || die "this builds images in a chroot and mounts them, which needs root"
for program in buildah mmdebstrap strip objcopy jq; do
  command -v "$program" >/dev/null || die "$program is missing: scripts/setup.sh images"
done
for program in vru vru-api vru-infer vru-ingest vru-sink; do
  [ -x "$PROGRAMS/$program" ] || die "$PROGRAMS/$program is missing: make build, or cargo build --release --workspace --bins"
done
[ -e "$CACHE/web/index.html" ] || die "the web app is not built: make web"
[ -x "$CACHE/bin/vru-otelcol" ] || die "the collector is not built: scripts/setup.sh images"

# Images and containers of a developer are elsewhere. In a chroot, without containers of the kernel: enough to run apt and a check.
build() { buildah --root "$CACHE/images/storage" --runroot "$OUT/run" "$@"; }
export BUILDAH_ISOLATION=chroot
printf '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"

base=$CACHE/images/bookworm.tar
if [ ! -e "$base" ]; then
  say "Debian (by mmdebstrap)"
  mkdir -p "$CACHE/images"
  mmdebstrap --quiet --variant=minbase bookworm "$base.new.tar" || die "mmdebstrap cannot make a Debian 12"
  mv "$base.new.tar" "$base"
fi
mkdir -p "$OUT/run" "$work/base" "$work/programs"
ln "$base" "$work/base/base.tar" 2>/dev/null || cp "$base" "$work/base/base.tar"
printf 'FROM scratch\nADD base.tar /\n' >"$work/base/Dockerfile"
build bud --quiet --layers --signature-policy "$work/policy.json" --tag localhost/vru-base "$work/base" >/dev/null

# As the stage `compile` does it.
cp "$CACHE/bin/vru-otelcol" "$work/programs/"
for program in vru vru-api vru-infer vru-ingest vru-sink; do
  strip -o "$work/programs/$program" "$PROGRAMS/$program"
done
python3 "$ROOT/images/name_crates.py" "$work/programs"/{vru,vru-api,vru-infer,vru-ingest,vru-sink}

# This buildah builds stages that nothing uses. Those that compile are left out: their result is in `programs`.
awk '/^FROM/ { skip = ($NF ~ /^(chef|plan|compile|compiled|web-build|web-compiled|collector-build|collector-compiled)$/) } !skip' \
  "$ROOT/images/Dockerfile" >"$work/Dockerfile"

size() { du --summarize --block-size=1M "$1" | cut -f1; }

# unpack IMAGE FOLDER: its file system, in a container of its own that may be changed, and its configuration.
unpack() {
  local container
  container=$(build from --quiet --signature-policy "$work/policy.json" --pull-never "localhost/vru-$1")
  mkdir -p "$OUT/$1"
  ln --symbolic --force --no-dereference "$(build mount "$container")" "$OUT/$1/root"
  build inspect --type image "localhost/vru-$1" | jq .OCIv1.config >"$OUT/$1/config.json"
}

unpack base
base_size=$(size "$OUT/base/root/")
while read -r image most; do
  [ $# = 0 ] || [[ " $* " == *" $image "* ]] || continue
  started=$SECONDS
  build bud --quiet --signature-policy "$work/policy.json" --format docker --network host --pull-never --layers \
    --build-arg BASE=localhost/vru-base --build-arg PROGRAMS=prebuilt --build-arg WEB=web-prebuilt --build-arg COLLECTOR=collector-prebuilt \
    --build-arg INFER_BASE=runtime --build-context programs="$work/programs" --build-context webapp="$CACHE/web" \
    --build-context onnxruntime="$CACHE/onnxruntime" --build-context models="$CACHE/models" \
    --target "$image" --file "$work/Dockerfile" --tag "localhost/vru-$image" "$ROOT" >"$work/log" 2>&1 </dev/null ||
    die "$image cannot be built: $(tail -n 20 "$work/log")"
  unpack "$image"
  over=$(($(size "$OUT/$image/root/") - base_size))
  say "$image: $over MB over Debian's $base_size MB (bound $most, programs of $PROFILE), built in $((SECONDS - started)) s"
  [ "$over" -le "$most" ] || die "$image has $over MB over the base, more than $most"
done < <(awk -v column="$column" '!/^#/ { print $1, $column }' "$ROOT/images/bounds.txt")
