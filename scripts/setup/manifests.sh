# shellcheck shell=bash
# What `make validate` needs: kustomize and kube-score out of Go modules, Python environments that do not disturb each other, and
# gitlab-ci-local, which reads pipelines and runs their jobs.

setup_manifests() {
  setup_peer manifests
  setup_peer checkov
  setup_peer pipeline
  npm_program gitlab-ci-local
  go_program kustomize "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE_VERSION"
  go_program kube-score "github.com/zegl/kube-score/cmd/kube-score@$KUBE_SCORE_VERSION"
}
