# shellcheck shell=bash
# What `make control-plane` needs: the programs of Kubernetes, etcd and kwok, out of Go modules. Eight minutes of a cold machine.

setup_control_plane() {
  local program
  for program in etcd kube-apiserver kube-controller-manager kube-scheduler kubectl; do
    kubernetes_program "$program"
  done
  go_program kwok "sigs.k8s.io/kwok/cmd/kwok@$KWOK_VERSION"
}

# kubernetes_program NAME: out of the module whose go.mod and go.sum pin everything.
kubernetes_program() {
  local source=$ROOT/k8s/tests/control_plane/programs version=k8s.io/component-base/version key release
  key=$(cat "$source/go.mod" "$source/go.sum" "$source/$1/main.go" | sha256sum | cut -d' ' -f1)
  have "$1" "$key" "$CACHE/bin/$1" && return 0
  release=$(sed -n 's/^\tk8s.io\/kubernetes //p' "$source/go.mod")
  say "$1 for Kubernetes $release"
  retry env -C "$source" GOFLAGS=-mod=readonly go build -trimpath -o "$WORK/bin/$1" \
    -ldflags "-s -w -X $version.gitVersion=$release -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d. -f2 <<<"$release")" "./$1" >&2 ||
    die "Go could not build $1 of Kubernetes $release; it needs Go 1.26 or newer, and this is $(go version)"
  put "$WORK/bin/$1" "$CACHE/bin/$1"
  stamp "$1" "$key"
}
