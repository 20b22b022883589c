#!/usr/bin/env bash
# The web app: builds it and checks it.
#
#   scripts/web.sh build  builds it into $VRU_CACHE/web, from where `vru demo` and `vru up` serve it; nothing if it is up to date
#   scripts/web.sh check  everything that must hold without a browser
#   scripts/web.sh e2e PROGRAM       the app in a browser, on a demo of its own
#   scripts/web.sh pictures PROGRAM  the same, and takes the pictures of the user guide
#   scripts/web.sh gallery PROGRAM [NAME …]  pictures of every page in every state, in target/gallery
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
export VRU_WEB_OUT=$CACHE/web

die() { printf 'web: %s\n' "$*" >&2; exit 1; }

# The Node that setup fetched, or the machine's.
[ -x "$CACHE/node/bin/node" ] && export PATH="$CACHE/node/bin:$PATH"
command -v node >/dev/null || die "Node is missing: run \`make setup\`, which fetches it, or install Node 22.19 or newer"

# install: the packages of the lock file, when it changed.
install() {
  local key stamp=node_modules/.installed
  key=$(cat package.json package-lock.json | sha256sum | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return 0
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || die "npm could not install the packages of web/package-lock.json"
  printf '%s' "$key" >"$stamp"
}

# What the build is made from.
sources() {
  find src ../docs/user-guide public index.html package.json package-lock.json tsconfig.json vite.config.ts -type f -print0 | sort -z |
    xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

build() {
  local key stamp=$CACHE/.stamps/web
  key=$(sources)
  [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && [ -e "$VRU_WEB_OUT/index.html" ] && return 0
  install
  mkdir -p "$CACHE/.stamps"
  rm -f "$stamp"
  # A demo that runs has read the old files; one that starts meanwhile must not find half of the new ones.
  VRU_WEB_OUT=$VRU_WEB_OUT.new npx --no-install vite build --logLevel warn || die "the web app does not build"
  rm -rf "$VRU_WEB_OUT.old"
  [ -e "$VRU_WEB_OUT" ] && mv "$VRU_WEB_OUT" "$VRU_WEB_OUT.old"
  mv "$VRU_WEB_OUT.new" "$VRU_WEB_OUT"
  rm -rf "$VRU_WEB_OUT.old"
  printf '%s' "$key" >"$stamp"
}

check() {
  install
  npx --no-install biome check --error-on-warnings .
  npx --no-install tsc --noEmit
  node scripts/check-imports.mjs
  npx --no-install knip
  node scripts/client.mjs --check
  npx --no-install vitest run --reporter=dot
  build
  node scripts/check-size.mjs
  node scripts/check-licences.mjs
}

e2e() {
  install
  build
  node e2e/run.mjs "$@"
}

pictures() {
  local folder=$ROOT/docs/user-guide/pictures
  rm -rf "$folder.new"
  VRU_WEB_PICTURES=$folder.new e2e "$@"
  rm -rf "$folder"
  mv "$folder.new" "$folder"
}

gallery() {
  local program=$1
  shift
  install
  build
  node e2e/gallery.mjs "$program" "$ROOT/target/gallery" "$@"
}

cd "$ROOT/web"
command=${1:-}
case $command in
  build | check | e2e | pictures | gallery) shift; "$command" "$@" ;;
  *) die "unknown command '$command'; choose build, check, e2e, pictures or gallery" ;;
esac
