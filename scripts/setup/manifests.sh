# shellcheck shell=bash
# What `make validate` needs: kustomize and kube-score out of Go modules, and two Python environments, since checkov pins what others use.

setup_manifests() {
  setup_peer manifests
  setup_peer checkov
  go_program kustomize "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE_VERSION"
  go_program kube-score "github.com/zegl/kube-score/cmd/kube-score@$KUBE_SCORE_VERSION"
}
