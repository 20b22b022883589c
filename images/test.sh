#!/usr/bin/env bash
# Builds every image with buildah on a Debian of mmdebstrap, from the programs of the last build, and runs each as 65532 with a read-only
# root, without capabilities and without a network: `make validate-full`.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
PROGRAMS=${CARGO_TARGET_DIR:-$CACHE/target}/debug
WORK=$(mktemp -d)
# Image → the most MB that it may have over the Debian that it begins with. The programs are those of a debug build, without symbols.
TARGETS=(sink:90 migrate:90 collector:80 web:60 api:350 ingest:800 infer:900 all-in-one:1400)

die() { printf 'images: %s\n' "$*" >&2; exit 1; }
say() { printf -- '--- %s\n' "$*"; }
trap 'buildah rm --all >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT

for program in buildah mmdebstrap bwrap strip; do
  command -v "$program" >/dev/null || die "$program is missing: apt-get install buildah crun mmdebstrap bubblewrap binutils"
done
[ -e "$CACHE/web/index.html" ] || die "the web app is not built: make web"

# Without containers of the kernel: a chroot is enough to run apt and a check.
export BUILDAH_ISOLATION=chroot
printf '{"default": [{"type": "insecureAcceptAnything"}]}' >"$WORK/policy.json"

base=$CACHE/images/bookworm.tar
if [ ! -e "$base" ]; then
  say "Debian (by mmdebstrap)"
  mkdir -p "$CACHE/images"
  mmdebstrap --quiet --variant=minbase bookworm "$base.new.tar"
  mv "$base.new.tar" "$base"
fi
mkdir "$WORK/programs" "$WORK/base"
for program in vru vru-api vru-infer vru-ingest vru-sink; do
  strip -o "$WORK/programs/$program" "$PROGRAMS/$program"
done
cp "$CACHE/bin/vru-otelcol" "$WORK/programs/"
ln "$base" "$WORK/base/base.tar" 2>/dev/null || cp "$base" "$WORK/base/base.tar"
printf 'FROM scratch\nADD base.tar /\n' >"$WORK/base/Dockerfile"
say "base"
buildah bud --quiet --layers --signature-policy "$WORK/policy.json" --tag localhost/vru-base "$WORK/base" >/dev/null

# This buildah builds stages that nothing uses. Those that compile are left out: their result is in `programs`.
awk '/^FROM/ { skip = ($NF ~ /^(chef|plan|compile|compiled|web-build|web-compiled|collector-build|collector-compiled)$/) } !skip' "$ROOT/images/Dockerfile" >"$WORK/Dockerfile"

size() { du --summarize --block-size=1M "$1" | cut -f1; }
mounted() { buildah mount "$(buildah from --signature-policy "$WORK/policy.json" --pull-never "$1")"; }
base_size=$(size "$(mounted localhost/vru-base)")

# inside FOLDER COMMAND...: as Kubernetes runs it.
inside() {
  local folder=$1
  shift
  bwrap --ro-bind "$folder" / --tmpfs /tmp --proc /proc --dev /dev --unshare-all --uid 65532 --gid 65532 --cap-drop ALL --clearenv \
    --setenv HOME /tmp --setenv PATH /usr/bin:/bin --setenv ORT_DYLIB_PATH /opt/onnxruntime/libonnxruntime.so \
    --setenv MODEL_PATH /opt/vru/models/model.onnx --die-with-parent "${binds[@]}" "$@"
}

# answers FOLDER PORT COMMAND...: the program serves /health, and ends when it is told to.
answers() {
  local folder=$1 port=$2
  shift 2
  # shellcheck disable=SC2016  # expanded by the shell inside
  inside "$folder" /bin/sh -c '
    port=$1; shift
    "$@" >/tmp/log 2>&1 & pid=$!
    for _ in $(seq 100); do
      if curl --fail --silent --output /dev/null "http://127.0.0.1:$port/health"; then
        kill -TERM $pid; wait $pid; exit 0
      fi
      sleep 0.2
    done
    cat /tmp/log; exit 1' sh "$port" "$@" || die "$1 does not answer /health at $port"
}

declare -A folders
binds=()
for entry in "${TARGETS[@]}"; do
  target=${entry%%:*} most=${entry##*:}
  started=$SECONDS
  buildah bud --quiet --signature-policy "$WORK/policy.json" --format docker --network host --pull-never --layers \
    --build-arg BASE=localhost/vru-base --build-arg PROGRAMS=prebuilt --build-arg WEB=web-prebuilt --build-arg COLLECTOR=collector-prebuilt --build-arg INFER_BASE=runtime \
    --build-context programs="$WORK/programs" --build-context webapp="$CACHE/web" \
    --build-context onnxruntime="$CACHE/onnxruntime" --build-context models="$CACHE/models" \
    --target "$target" --file "$WORK/Dockerfile" --tag "localhost/vru-$target" "$ROOT" >"$WORK/$target.log" 2>&1 ||
    die "$target cannot be built: $(tail -n 20 "$WORK/$target.log")"
  folders[$target]=$(mounted "localhost/vru-$target")
  over=$(($(size "${folders[$target]}") - base_size))
  say "$target: $over MB over Debian's $base_size MB (bound $most), built in $((SECONDS - started)) s"
  [ "$over" -le "$most" ] || die "$target has $over MB over the base, more than $most"
  user=$(buildah inspect --format '{{.OCIv1.Config.User}}' "localhost/vru-$target")
  [ "$user" = 65532:65532 ] || die "$target runs as '$user'"
done

answers "${folders[ingest]}" 8002 /usr/bin/vru-ingest
answers "${folders[infer]}" 8001 /usr/bin/vru-infer
answers "${folders[api]}" 8004 /usr/bin/vru-api --set http.web_folder=/srv/web
answers "${folders[sink]}" 8003 /usr/bin/vru-sink s3
answers "${folders[web]}" 3000 /usr/sbin/nginx -g "daemon off;"
inside "${folders[migrate]}" /usr/bin/vru-sink migrate --check-config
inside "${folders[collector]}" /usr/bin/vru-otelcol components >"$WORK/components"

say "the web server gives each page a nonce of its own"
# shellcheck disable=SC2016  # expanded by the shell inside
inside "${folders[web]}" /bin/sh -c '
  /usr/sbin/nginx -g "daemon off;" >/tmp/log 2>&1 & sleep 1
  for page in 1 2; do
    curl --silent --dump-header /tmp/head http://127.0.0.1:3000/cameras/7 >/tmp/page
    nonce=$(sed -n "s/.*script-src .self. .nonce-\([0-9a-f]*\).*/\1/p" /tmp/head)
    [ ${#nonce} = 32 ] && grep -q "$nonce" /tmp/page && ! grep -q __CSP_NONCE__ /tmp/page || { cat /tmp/head /tmp/page /tmp/log; exit 1; }
    [ "$nonce" != "$before" ] || exit 1
    before=$nonce
  done
  [ "$(curl --silent --output /dev/null --write-out "%{http_code}" http://127.0.0.1:3000/assets/missing.js)" = 404 ]'

say "the all-in-one image analyses the clip"
binds=(--ro-bind "$CACHE/clips" /tmp/clips)
# shellcheck disable=SC2016  # expanded by the shell inside
found=$(inside "${folders[all-in-one]}" /bin/sh -c '
  vru analyse /tmp/clips/vtest.avi --mot /tmp/tracks >&2 && wc --lines </tmp/tracks' 2>"$WORK/analyse.log") ||
  die "it fails: $(tail -n 5 "$WORK/analyse.log")"
[ "$found" -gt 1000 ] || die "it found $found boxes only"
say "$found boxes"

say "the all-in-one image runs the whole pipeline on it"
binds=(--setenv VRU_CACHE /tmp/cache --ro-bind "$CACHE/clips" /tmp/cache/clips --ro-bind "$CACHE/models" /tmp/cache/models
  --ro-bind "$CACHE/web" /tmp/cache/web)
inside "${folders[all-in-one]}" /usr/bin/timeout --kill-after=10 240 /usr/bin/vru demo --for 20s --json >"$WORK/account" 2>"$WORK/demo.log" ||
  die "the demo fails: $(tail -n 10 "$WORK/demo.log")"
python3 "$ROOT/scripts/check_demo_account.py" "$WORK/account"
