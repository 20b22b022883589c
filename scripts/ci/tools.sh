#!/usr/bin/env bash
# Installs what a deployment job needs into its Debian image.
#   scripts/ci/tools.sh [aws] [kubectl] [skopeo] [buildah]
set -euo pipefail

# Within one minor version of the clusters' control plane.
KUBECTL_VERSION=${KUBECTL_VERSION:-v1.36.3}

die() { printf 'tools: %s\n' "$*" >&2; exit 1; }

packages=(ca-certificates curl jq python3 python3-yaml)
for tool in "$@"; do
  case $tool in
    aws) packages+=(awscli) ;;
    skopeo | buildah) packages+=("$tool") ;;
    kubectl) ;;
    *) die "unknown tool '$tool'; choose aws, kubectl, skopeo or buildah" ;;
  esac
done
apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null

case " $* " in
  *" kubectl "*)
    from=https://dl.k8s.io/release/$KUBECTL_VERSION/bin/linux/$(dpkg --print-architecture)/kubectl
    work=$(mktemp -d)
    curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$work/kubectl" "$from"
    expected=${KUBECTL_SHA256:-$(curl --fail --silent --show-error --location --retry 3 --max-time 60 "$from.sha256")}
    printf '%s  %s\n' "$expected" "$work/kubectl" | sha256sum --check --status || die "kubectl $KUBECTL_VERSION does not have the SHA-256 $expected"
    install -m 755 "$work/kubectl" /usr/local/bin/kubectl
    rm -rf "$work"
    ;;
esac
