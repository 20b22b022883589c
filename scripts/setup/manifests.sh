# shellcheck shell=bash
# What `make validate` needs: kustomize and kube-score out of Go modules, and two Python environments, since checkov pins what others use.

setup_manifests() {
  setup_peer manifests
  setup_peer checkov
  go_program kustomize "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE_VERSION"
  go_program kube-score "github.com/zegl/kube-score/cmd/kube-score@$KUBE_SCORE_VERSION"
}

# go_program NAME PACKAGE@VERSION: builds a program into the cache.
go_program() {
  have "$1" "$2" "$CACHE/bin/$1" && return 0
  say "$1 ${2##*@}"
  retry env GOFLAGS=-mod=mod GOBIN="$WORK/bin" go install "$2" >&2 ||
    die "Go could not build $2; it needs Go 1.24 or newer, and this is $(go version)"
  put "$WORK/bin/$1" "$CACHE/bin/$1"
  stamp "$1" "$2"
}
