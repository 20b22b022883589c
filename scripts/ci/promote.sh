#!/usr/bin/env bash
# Copies images by digest from where they were built and scanned to the registry that clusters pull from, $DEPLOY_REGISTRY.
#   scripts/ci/promote.sh FROM_FILE TO_FILE
# Digests stay what they are, so what runs is what was scanned. Without DEPLOY_REGISTRY clusters pull from the first registry.
set -euo pipefail

from=$1 to=$2

die() { printf 'promote: %s\n' "$*" >&2; exit 1; }

[ -s "$from" ] || die "$from has no images"
if [ -z "${DEPLOY_REGISTRY:-}" ]; then
  cp "$from" "$to"
  exit
fi
if [ -n "${CI_REGISTRY_PASSWORD:-}" ]; then
  printf '%s' "$CI_REGISTRY_PASSWORD" | skopeo login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"
fi
case $DEPLOY_REGISTRY in
  *.dkr.ecr.*.amazonaws.com*)
    host=${DEPLOY_REGISTRY%%/*}
    aws ecr get-login-password --region "$(cut -d. -f4 <<<"$host")" | skopeo login --username AWS --password-stdin "$host"
    ;;
esac
: >"$to.new"
while read -r name image; do
  digest=${image##*@}
  case $digest in sha256:????????????????????????????????????????????????????????????????) ;; *) die "$name has no digest: $image" ;; esac
  # A registry with immutable tags refuses what it has already.
  if ! skopeo inspect --raw "docker://$DEPLOY_REGISTRY/$name@$digest" >/dev/null 2>&1; then
    skopeo copy --all --preserve-digests "docker://$image" "docker://$DEPLOY_REGISTRY/$name:${digest#sha256:}"
  fi
  printf '%s %s@%s\n' "$name" "$DEPLOY_REGISTRY/$name" "$digest" >>"$to.new"
done <"$from"
mv "$to.new" "$to"
