#!/usr/bin/env bash
# Gives the images of a commit the tag of a version, and records their digests. Images that main never built are an error.
#   scripts/ci/release_tag.sh COMMIT VERSION FILE
set -euo pipefail

commit=$1 version=$2 out=$3

die() { printf 'release: %s\n' "$*" >&2; exit 1; }

[ -n "${REGISTRY:-}" ] || die "REGISTRY is not set"
if [ -n "${CI_REGISTRY_PASSWORD:-}" ]; then
  printf '%s' "$CI_REGISTRY_PASSWORD" | skopeo login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"
fi
: >"$out.new"
# All are looked at first: a version is never half tagged.
for name in api web ingest infer infer-gpu sink migrate collector; do
  digest=$(skopeo inspect --format '{{.Digest}}' "docker://$REGISTRY/$name:$commit") ||
    die "there is no image $name of $commit: a tag names a commit whose pipeline on the main branch has built its images"
  printf '%s %s@%s\n' "$name" "$REGISTRY/$name" "$digest" >>"$out.new"
done
while read -r name image; do
  skopeo copy --all --preserve-digests "docker://$image" "docker://$REGISTRY/$name:$version"
done <"$out.new"
mv "$out.new" "$out"
cat "$out"
