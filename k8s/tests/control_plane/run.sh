#!/usr/bin/env bash
# Builds the control plane into the cache, and tests every overlay on it.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
KWOK=sigs.k8s.io/kwok/cmd/kwok@v0.8.0
BIN=$CACHE/control-plane
PROGRAMS=(kube-apiserver kube-controller-manager kube-scheduler kubectl)

die() { printf 'control plane: %s\n' "$*" >&2; exit 1; }

key=$(cat "$HERE/go.mod" "$HERE"/*/main.go "$HERE/run.sh" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$BIN/.key" 2>/dev/null)" != "$key" ]; then
  mkdir -p "$BIN"
  for program in "${PROGRAMS[@]}"; do
    printf -- '--- building %s\n' "$program"
    (cd "$HERE" && nice -n 10 env GOFLAGS=-mod=mod go build -trimpath -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36" -o "$BIN/$program" "./$program") || die "Go could not build $program"
  done
  printf -- '--- building kwok\n'
  GOFLAGS=-mod=mod GOBIN=$BIN nice -n 10 go install "$KWOK" || die "Go could not build kwok"
  printf '%s' "$key" >"$BIN/.key"
fi
if [ ! -x "$BIN/etcd" ]; then
  work=$(mktemp -d)
  (cd "$work" && apt-get download -q etcd-server >/dev/null && dpkg-deb -x etcd-server_*.deb .) || die "Debian gave no etcd-server"
  cp "$work/usr/bin/etcd" "$BIN/etcd"
  rm -rf "$work"
fi
exec env PYTHONPATH="$HERE/.." CONTROL_PLANE="$BIN" "$CACHE/venv-manifests/bin/python" "$HERE/test.py"
