#!/usr/bin/env bash
# Brings a release into the cluster that kubectl is logged in to, and takes it back if it is worse.
#   scripts/ci/deploy.sh OVERLAY IMAGES
# OVERLAY is an environment (staging) or a folder; IMAGES is what images.sh recorded. In this order, each step with a deadline:
#   1. the server checks every object and changes nothing
#   2. migrations: the Job `migrate` of the new version. They are additive, and the old version goes on with them
#   3. with CANARY (seconds): one pod of the new version for each workload, which gets its share of requests, partitions and cameras
#   4. everything, and every roll-out to its end
#   5. SMOKE (a command) succeeds, and for SETTLE seconds nothing gets worse
# A failure in 3 removes the canary; in 4 and 5 every workload goes back to its revision before. Migrations stay.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PARTS=(python3 "$ROOT/scripts/ci/parts.py")
NAMESPACE=vru-detection
WAIT=${WAIT:-1200}
CANARY=${CANARY:-0}
SETTLE=${SETTLE:-120}
SMOKE=${SMOKE:-}
INTERVAL=${INTERVAL:-10}

say() { printf -- '--- %s\n' "$*"; }
die() { printf 'deploy: %s\n' "$*" >&2; exit 1; }

case ${1:-} in
  */*) overlay=$1 ;;
  *) overlay=$ROOT/k8s/overlays/${1:?is the environment} ;;
esac
images=${2:?is the file of images}
[ -s "$overlay/kustomization.yaml" ] || die "there is no overlay $overlay"

work=$ROOT/target/release/$(basename "$overlay")
rm -rf "$work"
"${PARTS[@]}" overlay "$overlay" "$images" "$work"
rendered=$work/rendered.yaml
kubectl kustomize "$work" >"$rendered"

k() { kubectl --namespace "$NAMESPACE" "$@"; }
# get ARGUMENTS: as JSON. One answer that does not come is not a failed release.
get() {
  local try
  for try in 1 2 3; do
    k get "$@" --output json && return 0
    [ "$try" = 3 ] || sleep "$((try * 3))"
  done
  return 1
}
# --force-conflicts: what somebody changed by hand, and a roll-back, is ours again.
apply() { kubectl apply --server-side --force-conflicts --field-manager vru-pipeline "$@"; }
deployments() { get deployments | jq --raw-output '.items[].metadata.name | select(endswith("-canary") | not)'; }

# finished JOB: waits until it is complete; fails as soon as it has failed.
finished() {
  local state deadline=$((SECONDS + WAIT))
  while :; do
    state=$(get job "$1" | jq --raw-output '[.status.conditions[]? | select(.status == "True") | .type] | join(" ")')
    case " $state " in
      *" Complete "*) return 0 ;;
      *" Failed "*) k logs "job/$1" --tail 30 >&2 || true; say "the Job $1 has failed"; return 1 ;;
    esac
    [ $SECONDS -lt $deadline ] || { say "the Job $1 is not complete after $WAIT s"; return 1; }
    sleep 2
  done
}

# rolled_out NAME…: all are rolled out within WAIT seconds.
rolled_out() {
  local name deadline=$((SECONDS + WAIT)) left
  for name in "$@"; do
    left=$((deadline - SECONDS))
    k rollout status "deployment/$name" --timeout "$((left > 1 ? left : 1))s" >/dev/null || { say "$name is not rolled out: $(why "$name")"; return 1; }
  done
}

# why NAME: what the pods of a workload that are not ready wait for.
why() {
  get pods --selector "app.kubernetes.io/name=${1%-canary}" | jq --raw-output '
    [.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status != "True")) | .metadata.name + ": "
      + ([.status.containerStatuses[]?.state.waiting.reason, (.status.conditions[]? | select(.status != "True") | .message)] | map(select(.)) | unique | join(", "))]
    | .[:3] | join("; ")'
}

# restarts SELECTOR: how often containers of the pods have started again.
restarts() { get pods --selector "$1" | jq '[.items[].status.containerStatuses[]?.restartCount] | add // 0'; }

# alerts: names of the alerts that fire, one a line. ALERTS_COMMAND asks Prometheus; without it, none is known.
alerts() { if [ -n "${ALERTS_COMMAND:-}" ]; then bash -c "$ALERTS_COMMAND" | sort -u; fi; }

# stays_well SECONDS SELECTOR: no container of these pods restarts, no canary becomes unready (autoscalers start other pods all the time),
# and no alert fires that did not fire before the release.
stays_well() {
  local before new unready deadline=$((SECONDS + $1))
  before=$(restarts "$2")
  while :; do
    new=$(restarts "$2")
    [ "$new" -le "$before" ] || { say "containers of the new version have restarted $((new - before)) times"; return 1; }
    unready=$(get pods --selector "$2,vru-detection.com/track" | jq --raw-output '[.items[] | select(.metadata.deletionTimestamp | not)
      | select(any(.status.conditions[]?; .type == "Ready" and .status != "True")) | .metadata.name] | join(" ")')
    [ -z "$unready" ] || { say "not ready: $unready"; return 1; }
    alerts >"$work/alerts" || { say "Prometheus does not answer"; return 1; }
    new=$(comm -13 "$work/alerts.before" "$work/alerts" | tr '\n' ' ')
    [ -z "$new" ] || { say "alerts fire that did not fire before: $new"; return 1; }
    [ $SECONDS -lt $deadline ] || return 0
    sleep "$INTERVAL"
  done
}

remove_canary() { k delete deployments --selector vru-detection.com/track=canary --wait=false --ignore-not-found >/dev/null; }

# Whatever ends this, by a signal too, leaves no canary.
stage=check
ended() {
  local status=$?
  trap - EXIT
  [ "$status" = 0 ] && exit 0
  say "failed in the step \"$stage\""
  case $stage in
    roll-out) roll_back || say "THE ROLL-BACK HAS FAILED: look at kubectl -n $NAMESPACE get deployments" ;;
  esac
  if [ "$stage" != check ]; then remove_canary || true; fi
  exit 1
}
trap ended EXIT
trap 'exit 1' INT TERM

# roll_back: every workload that has another revision than before goes back to that one.
roll_back() {
  local name revision back=()
  while read -r name revision; do
    [ "$(get deployment "$name" | jq --raw-output '.metadata.annotations["deployment.kubernetes.io/revision"]')" = "$revision" ] && continue
    say "$name goes back to revision $revision"
    k rollout undo "deployment/$name" --to-revision "$revision" >/dev/null || return 1
    back+=("$name")
  done <"$work/revisions"
  rolled_out "${back[@]}"
}

first=no
k get deployment api >/dev/null 2>&1 || first=yes
: >"$work/alerts.before"

if [ $first = no ]; then
  say "the server checks everything"
  "${PARTS[@]}" checked "$rendered" >"$work/checked.yaml"
  # A warning is an error: Pod Security refuses pods, and only warns of Deployments that would make them.
  apply --dry-run=server --warnings-as-errors --filename "$work/checked.yaml" >/dev/null
  alerts >"$work/alerts.before" || die "Prometheus does not answer: whether the new version is worse could not be seen"
  get deployments | jq --raw-output '.items[] | select(.metadata.name | endswith("-canary") | not)
    | .metadata.name + " " + .metadata.annotations["deployment.kubernetes.io/revision"]' >"$work/revisions"

  say "migrations"
  "${PARTS[@]}" job migrate "$rendered" >"$work/migrate.yaml"
  k delete job migrate --ignore-not-found >/dev/null
  apply --filename "$work/migrate.yaml" >/dev/null
  finished migrate

  if [ "$CANARY" != 0 ]; then
    stage=canary
    say "a canary of each workload"
    mapfile -t workloads < <(deployments)
    "${PARTS[@]}" canary "$rendered" "${workloads[@]}" >"$work/canary.yaml"
    remove_canary
    apply --filename "$work/canary.yaml" >/dev/null
    mapfile -t canaries < <(k get deployments --selector vru-detection.com/track=canary --output name | cut -d/ -f2)
    rolled_out "${canaries[@]}"
    say "canaries of ${workloads[*]} are ready; looking at them for $CANARY s"
    stays_well "$CANARY" vru-detection.com/track
  fi
else
  say "the first installation: nothing runs yet"
  : >"$work/revisions"
fi

stage=roll-out
say "everything"
k delete job model --ignore-not-found >/dev/null
apply --kustomize "$work" >/dev/null
finished migrate
mapfile -t workloads < <(deployments)
rolled_out "${workloads[@]}"
if [ "$CANARY" != 0 ]; then remove_canary; fi
if [ -n "$SMOKE" ]; then
  say "smoke test: $SMOKE"
  bash -c "$SMOKE"
fi
say "looking at it for $SETTLE s"
stays_well "$SETTLE" "app.kubernetes.io/part-of=vru,app.kubernetes.io/name notin (migrate,model)"
stage='done'
say "done: $(wc -l <"$images") images in $(basename "$overlay")"
