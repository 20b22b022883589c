# shellcheck shell=bash
# Helpers of setup.sh: progress lines, retries, verified and atomic downloads, and stamps that say what is already there.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# retry COMMAND...: three attempts, because a registry that answers 503 once is usual and a broken one is not cured by a fourth.
retry() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    [ "$attempt" = 3 ] && break
    say "attempt $attempt of 3 failed, again in $((attempt * 5)) s: $*"
    sleep $((attempt * 5))
  done
  return 1
}

# have NAME KEY FILE...: true when NAME was made from exactly KEY and every FILE is still there.
have() {
  local name=$1 key=$2 file
  shift 2
  [ "$(cat "$STAMPS/$name" 2>/dev/null)" = "$key" ] || return 1
  for file in "$@"; do [ -e "$file" ] || return 1; done
}

# stamp NAME KEY: remembers that NAME is complete. Written last, so an interrupted step is done again.
stamp() {
  printf '%s' "$2" >"$STAMPS/$1.new"
  mv "$STAMPS/$1.new" "$STAMPS/$1"
}

# verify FILE SHA256: refuses a file that is not the one this version of the repository was tested with.
verify() {
  local actual
  actual=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$actual" = "$2" ] || die "$1 has SHA-256 $actual, but versions.env says $2. Run setup again; if it stays so, the file was changed upstream and versions.env must follow."
}

# put FILE TARGET: moves a finished file to its place in one step; a reader sees the old file or the new one, never half of one.
put() {
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new.$$"
  mv "$2.new.$$" "$2"
}

# by_arch PREFIX: the value of PREFIX_x86_64 or PREFIX_aarch64 for this machine.
by_arch() {
  local name
  name="$1_$(uname -m)"
  [ -n "${!name:-}" ] || die "no $1 is pinned for $(uname -m); x86_64 and aarch64 are supported."
  printf '%s' "${!name}"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || die "this needs root and there is no sudo; run it as root: $*"
  sudo "$@"
}
