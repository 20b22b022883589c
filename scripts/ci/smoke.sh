#!/usr/bin/env bash
# Whether an installation answers as it should, seen from outside: without a login, in seconds.
#   scripts/ci/smoke.sh WEB API        https://staging.vru-detection.com https://api.staging.vru-detection.com
set -euo pipefail

web=${1%/} api=${2%/}
TRIES=${TRIES:-12}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() { printf 'smoke: %s\n' "$*" >&2; failed=1; }

# fetch ADDRESS: the status, as a browser asks; the head is in $work/head, the body in $work/body.
fetch() {
  curl --silent --show-error --max-time 15 --header "accept: text/html, application/json" --dump-header "$work/head" \
    --output "$work/body" --write-out '%{http_code}' "$1" 2>"$work/error" || true
}

# answers ADDRESS STATUS: as fetch, again while load balancers still find their targets.
answers() {
  local try status
  for try in $(seq "$TRIES"); do
    status=$(fetch "$1")
    [ "$status" = "$2" ] && return 0
    [ "$try" = "$TRIES" ] || sleep 5
  done
  fail "$1 answers $status and not $2 $(cat "$work/error")"
  return 1
}

header() { tr -d '\r' <"$work/head" | grep -i -q -E "^$1"; }

if answers "$web/" 200; then
  grep -q '<div id="root"' "$work/body" || fail "$web/ is not the web app"
  header "content-security-policy: .*script-src 'self'" || fail "$web/ has no Content-Security-Policy for scripts"
  header 'x-content-type-options: nosniff' || fail "$web/ does not say nosniff"
fi
if answers "$api/api/v1/openapi.json" 200; then
  jq --exit-status '.openapi and .paths["/api/v1/session"]' "$work/body" >/dev/null 2>&1 || fail "$api/api/v1/openapi.json is not the document of the API"
fi
# What belongs to somebody needs a login, at both hosts.
for host in "$web" "$api"; do
  if answers "$host/api/v1/sites" 401; then
    header 'content-type: application/problem\+json' || fail "$host/api/v1/sites refuses with something else than a problem document"
  fi
done
# Admin ports and metrics are inside only.
for path in metrics health; do
  status=$(fetch "$api/$path")
  [ "$status" != 200 ] || ! grep -q -E '^# TYPE|"status"' "$work/body" || fail "$api/$path is open to everybody"
done
case $web in
  https:*)
    status=$(fetch "http:${web#https:}/")
    case $status in
      301 | 302 | 307 | 308) header "location: https://" || fail "http leads elsewhere than to https" ;;
      *) fail "http answers $status and does not lead to https" ;;
    esac
    ;;
esac
[ "$failed" = 0 ] || exit 1
printf 'smoke: %s and %s answer as they should\n' "$web" "$api"
