# shellcheck shell=bash
# Runs programs of images as Kubernetes does: as 65532, alone with its processes and network, with a read-only root, without capabilities.

binds=()

# inside IMAGE COMMAND...: `binds` has more options, of bubblewrap. The user is changed inside: in a namespace of users, 65532 would be another
# name of root.
inside() {
  local image=$1 variables=() variable
  shift
  while IFS= read -r variable; do variables+=(--setenv "${variable%%=*}" "${variable#*=}"); done < <(jq -r '.Env[]' "$OUT/$image/config.json")
  bwrap --ro-bind "$OUT/$image/root" / --perms 1777 --tmpfs /tmp --proc /proc --dev /dev --unshare-pid --unshare-net --unshare-ipc --unshare-uts \
    --cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP --clearenv "${variables[@]}" --die-with-parent "${binds[@]}" \
    /usr/bin/setpriv --reuid 65532 --regid 65532 --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"
}

# answers IMAGE PORT COMMAND...: the program serves /health, and ends with status 0 when it is told to.
answers() {
  local image=$1 port=$2
  shift 2
  # shellcheck disable=SC2016  # expanded by the shell inside
  inside "$image" /bin/sh -c '
    port=$1; shift
    "$@" >/tmp/log 2>&1 & pid=$!
    for _ in $(seq 300); do
      if curl --fail --silent --output /dev/null "http://127.0.0.1:$port/health"; then
        kill -TERM $pid; wait $pid || { status=$?; cat /tmp/log; echo "it ended with status $status"; exit 1; }
        exit 0
      fi
      sleep 0.2
    done
    cat /tmp/log; exit 1' sh "$port" "$@" || die "$image: $1 does not answer /health at $port, or does not end well"
}
