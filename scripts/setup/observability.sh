# shellcheck shell=bash
# The OpenTelemetry Collector with exactly the components that observability/collector uses. go.sum has the checksum of every module.

setup_collector() {
  local source=$ROOT/observability/collector/build key
  key=$(cat "$source/go.mod" "$source/go.sum" "$source/main.go" | sha256sum | cut -d' ' -f1)
  have vru-otelcol "$key" "$CACHE/bin/vru-otelcol" && return 0
  say "OpenTelemetry Collector (Go)"
  (cd "$source" && retry env GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$WORK/bin/vru-otelcol" . >&2) ||
    die "Go could not build $source; its go.mod says which Go it needs, and this is $(go version)"
  put "$WORK/bin/vru-otelcol" "$CACHE/bin/vru-otelcol"
  stamp vru-otelcol "$key"
}
