#!/usr/bin/env bash
# Runs what the pipeline does with a registry on a real one: images.sh looks up bases and names stages, and a build with the stages of the
# Dockerfile finds them; release_tag.sh and promote.sh keep digests. Programs are stand-ins: test.sh builds the real images.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The docker.io of this test is a setting of the machine, so it gets a machine of its own.
if [ -z "${REGISTRY_TEST:-}" ]; then
  REGISTRY_TEST=1 exec unshare --mount --propagation private "$0"
fi
work=$(mktemp -d)
registry=
trap '[ -z "$registry" ] || kill "$registry"; buildah rm --all >/dev/null 2>&1 || true; rm -rf "$work" 2>/dev/null || true' EXIT
die() { printf 'images: %s\n' "$*" >&2; exit 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
host=localhost:$port
mkdir "$work/settings" "$work/context"
printf '[[registry]]\nprefix = "docker.io"\nlocation = "%s/hub"\ninsecure = true\n[[registry]]\nlocation = "%s"\ninsecure = true\n' "$host" "$host" \
  >"$work/settings/test.conf"
mount --bind "$work/settings" /etc/containers/registries.conf.d
printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' "$work" "$work" >"$work/storage.conf"
export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot
printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/registry}}\nhttp: {addr: "127.0.0.1:%s"}\n' "$work" "$port" >"$work/registry.yml"
docker-registry serve "$work/registry.yml" >"$work/log" 2>&1 &
registry=$!
curl --silent --output /dev/null --retry 50 --retry-delay 1 --retry-connrefused "http://$host/v2/" || die "the registry does not answer: $(cat "$work/log")"

echo base >"$work/context/base"
printf 'FROM scratch\nCOPY base /base\n' >"$work/Dockerfile.base"
buildah bud --quiet --file "$work/Dockerfile.base" --tag base "$work/context" >/dev/null
while read -r tag; do
  buildah push --quiet base "docker://$host/hub/library/$tag"
done < <(sed -n 's/^ARG [A-Z]*=\(.*:.*\)/\1/p' "$ROOT/images/Dockerfile")

# The same lines as in the pipeline.
bases=() stages=() base=
eval "$(sed -n '/^bases=()/,/^done/p; /^stages=/p' "$ROOT/scripts/ci/images.sh")"
case $base in docker.io/library/debian@sha256:*) ;; *) die "the base is '$base'" ;; esac
# Of each stage what chooses others: ARG, FROM, and what it takes from another one.
sed -nE '/^(ARG|FROM) /p
  s,^COPY --from=(compile|web-build|collector-build) .*,COPY --from=\1 /base /made,p
  s,^COPY --from=((programs|web|collector)-used) .*,COPY --from=\1 /made /made-\2,p' "$ROOT/images/Dockerfile" >"$work/Dockerfile"
try() { buildah bud --quiet --layers --file "$work/Dockerfile" --target "$1" --tag "$host/vru/$1:abc" --build-arg INFER_BASE=runtime "${@:2}" "$work/context"; }
for target in sink migrate api web ingest infer collector; do
  try "$target" "${bases[@]}" "${stages[@]}" >"$work/said" 2>&1 || die "$target: $(tail -n 3 "$work/said")"
  buildah push --quiet "$host/vru/$target:abc"
done
! try sink "${bases[@]}" >/dev/null 2>&1 || die "this buildah knows a stage that only a default names: images.sh need not name stages any more"

skopeo copy --quiet "docker://$host/vru/infer:abc" "docker://$host/vru/infer-gpu:abc"
REGISTRY=$host/vru "$ROOT/scripts/ci/release_tag.sh" abc v1.2.3 "$work/released" >/dev/null
DEPLOY_REGISTRY=$host/deploy "$ROOT/scripts/ci/promote.sh" "$work/released" "$work/promoted" >/dev/null
[ "$(wc -l <"$work/promoted")" = 8 ] || die "not all images were promoted: $(cat "$work/promoted")"
while read -r name image; do
  [ "$(skopeo inspect --no-tags --format '{{.Digest}}' "docker://$image")" = "${image#*@}" ] || die "$name has another digest than $image"
  [ "$(skopeo inspect --no-tags --format '{{.Digest}}' "docker://$host/vru/$name:v1.2.3")" = "${image#*@}" ] || die "v1.2.3 of $name is another image"
done <"$work/promoted"
# A second run finds everything there.
DEPLOY_REGISTRY=$host/deploy "$ROOT/scripts/ci/promote.sh" "$work/released" "$work/again" >/dev/null
cmp "$work/promoted" "$work/again"
! REGISTRY=$host/vru "$ROOT/scripts/ci/release_tag.sh" never v1.2.4 "$work/wrong" >/dev/null 2>&1 || die "a commit without images got a version"
printf -- '--- a registry: digests of bases, stages, version and promotion\n'
