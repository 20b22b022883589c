# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the other files
# Reads the configuration of backups.

say() { printf '%s: %s\n' "$TOOL" "$*" >&2; }
die() { say "$*"; exit 1; }

# need FILE WHAT: a file that must be there and readable.
need() { if ! [ -r "$1" ] || ! [ -f "$1" ]; then die "$2: cannot read the file '$1'"; fi; }

need_programs() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || die "$program is missing: apt-get install $program"
  done
}

# whole NAME VALUE: refuses what is no whole number above zero.
whole() { [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || die "$CONFIG: $1 must be a whole number above zero, and is '$2'"; }

# read_settings: from the file $CONFIG.
read_settings() {
  local line key value number=0
  STORE='' RCLONE_CONFIG_FILE='' RECIPIENTS='' DATA='' HOST='' PORT=5432 USER_NAME=postgres PASSFILE='' DATABASE=vru FILES=''
  ARCHIVE_SECONDS=30 KEEP_DAYS=14 KEEP_BACKUPS=2 SCRATCH=/var/tmp
  need "$CONFIG" "the configuration"
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    [[ $line =~ ^([A-Z_]+)=(.*)$ ]] || die "$CONFIG: line $number is not KEY=VALUE"
    key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    case $key in
      STORE | RECIPIENTS | DATA | HOST | PORT | PASSFILE | DATABASE | FILES | ARCHIVE_SECONDS | KEEP_DAYS | KEEP_BACKUPS | SCRATCH)
        printf -v "$key" '%s' "$value" ;;
      USER) USER_NAME=$value ;;
      RCLONE_CONFIG) RCLONE_CONFIG_FILE=$value ;;
      *) die "$CONFIG: line $number has the unknown setting $key" ;;
    esac
  done <"$CONFIG"
  whole PORT "$PORT"
  whole ARCHIVE_SECONDS "$ARCHIVE_SECONDS"
  whole KEEP_DAYS "$KEEP_DAYS"
  whole KEEP_BACKUPS "$KEEP_BACKUPS"
  [ -n "$STORE" ] || die "$CONFIG: STORE is missing"
  [ -n "$RECIPIENTS" ] || die "$CONFIG: RECIPIENTS is missing"
  [ -n "$DATA$HOST" ] || die "$CONFIG: DATA or HOST is missing"
  [ -z "$DATA" ] || [ -z "$HOST" ] || die "$CONFIG: DATA and HOST exclude each other"
  case $STORE in
    /*) ;;
    *:*)
      [ -n "$RCLONE_CONFIG_FILE" ] || die "$CONFIG: STORE is a bucket, and RCLONE_CONFIG is missing"
      need_programs rclone
      need "$RCLONE_CONFIG_FILE" "RCLONE_CONFIG"
      export RCLONE_CONFIG=$RCLONE_CONFIG_FILE ;;
    *) die "$CONFIG: STORE must be an absolute path or REMOTE:BUCKET/FOLDER, and is '$STORE'" ;;
  esac
}
