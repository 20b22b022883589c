# shellcheck shell=bash
# PostgreSQL's programs, as the account that PostgreSQL runs as.

ACCOUNT=postgres

# as_postgres COMMAND...: PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" != 0 ]; then "$@"; return; fi
  id "$ACCOUNT" >/dev/null 2>&1 || die "there is no account $ACCOUNT: install postgresql-15"
  setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --init-groups "$@"
}

# programs_of VERSION: sets PROGRAMS. Without a version, the newest.
programs_of() {
  local version=$1
  [ -n "$version" ] || version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -n | tail -n 1)
  PROGRAMS=/usr/lib/postgresql/$version/bin
  [ -x "$PROGRAMS/postgres" ] || die "PostgreSQL ${version:-} is not installed: apt-get install postgresql-${version:-15}"
}

# scratch_folder: sets FOLDER, which only the account of PostgreSQL may enter, and which is deleted at the end.
scratch_folder() {
  mkdir -p "$SCRATCH"
  FOLDER=$(mktemp -d "$SCRATCH/vru-$TOOL.XXXXXXXX")
  trap 'clean_up' EXIT
  [ "$(id -u)" != 0 ] || chown "$ACCOUNT:" "$FOLDER"
}

clean_up() { rm -rf "${FOLDER:?}"; }

# connection: how to reach the server that is backed up; sets CONNECTION. Passwords go by a file.
connection() {
  local pid=$DATA/postgres/data/postmaster.pid
  if [ -n "$DATA" ]; then
    [ -r "$pid" ] || die "no server runs in $DATA: start vru"
    HOST=127.0.0.1 PORT=$(sed -n 4p "$pid") USER_NAME=vru
    # libpq's own file of passwords: nothing secret is in the list of processes.
    PASSFILE=$FOLDER/passwords
    [ -e "$PASSFILE" ] || { umask 077; printf '127.0.0.1:%s:*:vru:%s\n' "$PORT" "$(cat "$DATA/postgres/password")" >"$PASSFILE"; }
    [ "$(id -u)" != 0 ] || chown "$ACCOUNT:" "$PASSFILE"
  fi
  export PGPASSFILE=${PASSFILE:-/dev/null} PGCONNECT_TIMEOUT=20
  CONNECTION=(--host="$HOST" --port="$PORT" --username="$USER_NAME" --no-password)
  SQL=("$PROGRAMS/psql" --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "${CONNECTION[@]}" --dbname=postgres)
}

sql() { as_postgres "${SQL[@]}" --command="$1" </dev/null; }
