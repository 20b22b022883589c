# shellcheck shell=bash
# What `make control-plane` needs: the programs of Kubernetes, etcd and kwok, out of Go modules. About ten minutes of a cold machine.

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

# What `make keda` needs besides. Ten minutes of a cold machine.
setup_keda() {
  setup_peer keda
  keda_program keda-operator ./cmd/operator
  keda_program keda-adapter ./cmd/adapter
}

# keda_program NAME FOLDER: built where Go unpacks its module, since only there do the replacements of its go.mod count.
keda_program() {
  local source
  have "$1" "$KEDA_VERSION" "$CACHE/bin/$1" && return 0
  say "$1 $KEDA_VERSION"
  retry env GOFLAGS=-mod=mod go mod download "github.com/kedacore/keda/v2@$KEDA_VERSION" >&2 || die "Go could not fetch KEDA $KEDA_VERSION"
  source=$(go env GOMODCACHE)/github.com/kedacore/keda/v2@$KEDA_VERSION
  retry env -C "$source" GOFLAGS=-mod=readonly go build -trimpath -ldflags "-s -w" -o "$WORK/bin/$1" "$2" >&2 ||
    die "Go could not build $1 $KEDA_VERSION; it needs Go 1.26 or newer, and this is $(go version)"
  put "$WORK/bin/$1" "$CACHE/bin/$1"
  stamp "$1" "$KEDA_VERSION"
}
