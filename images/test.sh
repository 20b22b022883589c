#!/usr/bin/env bash
# Builds every image, lists what is in it, and runs each, alone and as the pipeline on real servers: `make images`.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
OUT=$(mktemp -d)
# shellcheck source=run.sh
. "$ROOT/images/run.sh"

die() { printf 'images: %s\n' "$*" >&2; exit 1; }
say() { printf -- '--- %s\n' "$*"; }
storage() { buildah --root "$CACHE/images/storage" --runroot "$OUT/run" "$@"; }
# Containers go, layers stay for the next time.
trap 'storage rm --all >/dev/null 2>&1 || true; rm -rf "$OUT"' EXIT

for program in bwrap jq; do
  command -v "$program" >/dev/null || die "$program is missing: scripts/setup.sh images"
done
for part in bin/syft venv-images/bin/python clips/vtest.avi models/nanodet-g.onnx; do
  [ -e "$CACHE/$part" ] || die "$CACHE/$part is missing: scripts/setup.sh images"
done

"$ROOT/images/build.sh" "$OUT"
images=()
for folder in "$OUT"/*/config.json; do images+=("$(basename "$(dirname "$folder")")"); done
for image in "${images[@]}"; do
  [ "$image" != base ] || continue
  user=$(jq -r .User "$OUT/$image/config.json")
  [ "$user" = 65532:65532 ] || die "$image runs as '$user'"
  "$ROOT/images/sbom.sh" "$image" test "$OUT/$image/root/" "$OUT/$image/$image.cdx.json"
done
say "what is in the images"
"$CACHE/venv-images/bin/python" "$ROOT/images/check_sbom.py" "$OUT"

say "each image alone"
binds=()
answers ingest 8002 /usr/bin/vru-ingest
answers infer 8001 /usr/bin/vru-infer
answers api 8004 /usr/bin/vru-api --set http.web_folder=/srv/web
answers sink 8003 /usr/bin/vru-sink s3
answers web 3000 /usr/sbin/nginx -g "daemon off;"
inside migrate /usr/bin/vru-sink migrate --check-config
inside collector /usr/bin/vru-otelcol components >"$OUT/components"

say "the web server gives each page a nonce of its own"
# shellcheck disable=SC2016  # expanded by the shell inside
inside web /bin/sh -c '
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
binds=(--perms 0755 --dir /tmp/clips --ro-bind "$CACHE/clips" /tmp/clips)
# shellcheck disable=SC2016  # expanded by the shell inside
found=$(inside all-in-one /bin/sh -c '
  vru analyse /tmp/clips/vtest.avi --mot /tmp/tracks >&2 && wc --lines </tmp/tracks' 2>"$OUT/analyse.log") ||
  die "it fails: $(tail -n 5 "$OUT/analyse.log")"
[ "$found" -gt 1000 ] || die "it found $found boxes only"
say "$found boxes"

say "the all-in-one image runs the whole pipeline on it"
binds=(--setenv VRU_CACHE /tmp/cache --perms 0777 --dir /tmp/cache --ro-bind "$CACHE/clips" /tmp/cache/clips
  --ro-bind "$CACHE/models" /tmp/cache/models --ro-bind "$CACHE/web" /tmp/cache/web)
inside all-in-one /usr/bin/timeout --kill-after=10 240 /usr/bin/vru demo --for 20s --json >"$OUT/account" 2>"$OUT/demo.log" ||
  die "the demo fails: $(tail -n 10 "$OUT/demo.log")"
python3 "$ROOT/scripts/check_demo_account.py" "$OUT/account"

say "the images of the pipeline process the clip, on Kafka, PostgreSQL, Redis and S3"
cd "$ROOT"
VRU_IMAGES=$OUT cargo test --locked --workspace --test rollout -- --ignored --exact --nocapture images::images_of_the_pipeline_process_the_clip
