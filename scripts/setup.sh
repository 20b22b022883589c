#!/usr/bin/env bash
# Installs and fetches what vru needs, and nothing that is already there: with everything in place it ends within a second.
#
#   scripts/setup.sh build  what compiling needs: Debian packages
#   scripts/setup.sh demo   what `make demo` needs besides: more Debian packages, Node, ONNX Runtime, the model, the sample clip
#   scripts/setup.sh test   that, and what the tests need: Kafka, an S3 server, Redis, nginx, OpenID Connect provider, tus client, cargo-deny, grpcurl, Chromium,
#                           linters of manifests and images, Terraform
#   scripts/setup.sh bench  that, and what the benches compare with: Roboflow trackers, a Python pipeline, the AWS command line
#   scripts/setup.sh control-plane  what the tests need, and a Kubernetes control plane
#   scripts/setup.sh keda   that, and KEDA
#   scripts/setup.sh images  what `make demo` needs, and what builds images, runs them and lists what is in them
#   scripts/setup.sh all    the same as test
#
# Files go to $VRU_CACHE (default: $XDG_CACHE_HOME/vru or ~/.cache/vru); delete that folder to start afresh.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SETUP_DIR=$ROOT/scripts/setup
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
STAMPS=$CACHE/.stamps
# Scratch space lies in the cache, so that moving a finished file to its place stays in one file system.
WORK=$CACHE/.work.$$

for file in common debian python node onnxruntime clips model go tools manifests observability control_plane terraform images; do
  # shellcheck source=/dev/null
  . "$SETUP_DIR/$file.sh"
done
# shellcheck source=versions.env
. "$ROOT/scripts/versions.env"

main() {
  local part=${1:-all}
  case $part in
    build | demo | test | bench | control-plane | keda | images | all) ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; return ;;
    *) die "unknown part '$part'; choose build, demo, test, bench, control-plane, keda, images or all" ;;
  esac
  mkdir -p "$STAMPS"
  # Two makes at once (a demo beside a test) must not install the same thing twice.
  exec 9>"$CACHE/.setup.lock"
  flock -n 9 || { say "another setup is running; waiting for it"; flock -w 3600 9 || die "another setup has held $CACHE/.setup.lock for an hour"; }
  # What a killed setup left behind goes as well.
  rm -rf "$CACHE"/.work.*
  mkdir "$WORK"
  trap 'rm -rf "$WORK"' EXIT

  setup_build_packages
  [ "$part" = build ] && return

  setup_debian "$part"
  setup_python "$part"
  setup_node
  setup_onnxruntime
  setup_clips
  setup_model
  [ "$part" = demo ] && return
  if [ "$part" = images ]; then
    setup_go
    setup_images
    return
  fi
  setup_stills
  setup_kafka
  setup_seaweedfs
  setup_nginx
  setup_oidc_provider
  setup_tus_client
  setup_cargo_deny
  setup_go
  setup_grpcurl
  setup_manifests
  setup_collector
  setup_terraform
  case $part in control-plane | keda) setup_control_plane ;; esac
  [ "$part" != keda ] || setup_keda
  [ "$part" = bench ] || return 0
  setup_peer trackers
  setup_peer diy
  setup_peer awscli
}

main "$@"
