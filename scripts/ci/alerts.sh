#!/usr/bin/env bash
# Prints the names of the alerts that fire, one a line, by asking Prometheus in the cluster that kubectl is logged in to.
# An answer that does not come is an error: "no alert" is said only by Prometheus itself.
set -euo pipefail

# Not the watchdog, which fires always.
QUERY=${QUERY:-'ALERTS{alertstate="firing",severity=~"page|ticket"}'}

die() { printf 'alerts: %s\n' "$*" >&2; exit 1; }

# ask ADDRESS: the query's answer, as names.
ask() {
  local answer
  answer=$(curl --fail --silent --show-error --max-time 10 --get --data-urlencode "query=$QUERY" "$1/api/v1/query") || return 1
  [ -n "$answer" ] || return 1
  jq --raw-output 'if .status == "success" then .data.result | map(.metric.alertname) | unique | .[] else error("no success") end' <<<"$answer"
}

if [ -n "${PROMETHEUS:-}" ]; then
  ask "$PROMETHEUS" || die "$PROMETHEUS does not answer the query"
  exit
fi
log=$(mktemp)
kubectl --namespace monitoring port-forward service/prometheus-operated :9090 >"$log" 2>&1 &
forward=$!
trap 'kill $forward 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 50); do
  port=$(sed -n 's/^Forwarding from 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$log")
  [ -n "$port" ] && break
  kill -0 $forward 2>/dev/null || break
  sleep 0.2
done
[ -n "${port:-}" ] || die "Prometheus is not reached: $(tail -n 1 "$log")"
ask "http://127.0.0.1:$port" || die "Prometheus does not answer the query"
