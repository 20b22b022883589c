# shellcheck shell=bash
# Segments of the write-ahead log: PostgreSQL hands them over one by one, and asks for them when it recovers.
#
# Each is stored as wal/NAME.zst.age, then wal/NAME.sha256 with the SHA-256 of the segment and of the stored file. Only with the second is it
# complete.

# PostgreSQL takes 1 to 125 for "there is no such segment", where recovery ends. Anything above aborts recovery, which must not end
# early, as if nothing had followed.
ABORT_RECOVERY=200

digest() { sha256sum | cut -d' ' -f1; }

# wal_archive FILE NAME: PostgreSQL keeps the segment and tries again unless this returns 0.
wal_archive() {
  local file=$1 name=$2 plain stored status=0
  [[ $name =~ ^[0-9A-F]{8}(\.history|[0-9A-F]{16}(\.partial|\.[0-9A-F]{8}\.backup)?)$ ]] || die "'$name' is no name of a segment"
  plain=$(digest <"$file")
  store_has "wal/$name.sha256" || status=$?
  case $status in
    0)
      stored=$(store_get "wal/$name.sha256") || die "cannot read wal/$name.sha256 in $STORE"
      [ "${stored%% *}" = "$plain" ] && return 0
      die "$STORE has another segment $name: another server archives to the same place" ;;
    1) ;;
    *) die "$STORE cannot be read" ;;
  esac
  SEALED=$(mktemp "$SCRATCH/vru-wal.XXXXXXXX")
  trap 'rm -f "$SEALED"' EXIT
  zstd -q -3 -c "$file" | age -R "$RECIPIENTS" >"$SEALED" || die "cannot encrypt $name"
  store_put "wal/$name.zst.age" <"$SEALED" || die "cannot write wal/$name.zst.age to $STORE"
  printf '%s %s\n' "$plain" "$(digest <"$SEALED")" | store_put "wal/$name.sha256" || die "cannot write wal/$name.sha256 to $STORE"
}

# wal_restore NAME FILE
wal_restore() {
  local name=$1 file=$2 sums plain sealed status=0 stored later reason
  store_has "wal/$name.sha256" || status=$?
  case $status in
    0) ;;
    1)
      # A hole: without this check recovery would end here, and all that was archived after it would be lost without a word.
      stored=$(store_list wal) || exit $ABORT_RECOVERY
      later=$(sed -n "s/^\(${name:0:8}[0-9A-F]\{16\}\)\.sha256$/\1/p" <<<"$stored" | awk -v name="$name" '$0 "" > name "" { print; exit }')
      if [[ $name =~ ^[0-9A-F]{24}$ ]] && [ -n "$later" ]; then
        say "segment $name is missing in $STORE, but later ones are there ($later): what follows it cannot be recovered. Choose a time before it with --until, or another backup"
        exit $ABORT_RECOVERY
      fi
      exit 1 ;;
    *) say "$STORE cannot be read"; exit $ABORT_RECOVERY ;;
  esac
  sums=$(store_get "wal/$name.sha256") || { say "cannot read wal/$name.sha256"; exit $ABORT_RECOVERY; }
  read -r plain sealed <<<"$sums"
  SEALED=$(mktemp "$SCRATCH/vru-wal.XXXXXXXX")
  trap 'rm -f "$SEALED"' EXIT
  store_get "wal/$name.zst.age" >"$SEALED" || { say "cannot read wal/$name.zst.age in $STORE"; exit $ABORT_RECOVERY; }
  if [ "$(digest <"$SEALED")" != "$sealed" ]; then
    say "segment $name in $STORE is damaged: it has another SHA-256 than when it was written"
    exit $ABORT_RECOVERY
  fi
  if ! reason=$(age -d -i "$IDENTITY" "$SEALED" 2>&1 >"$file.zst"); then
    rm -f "$file.zst"
    say "segment $name cannot be decrypted: $(head -n 1 <<<"$reason")"
    exit $ABORT_RECOVERY
  fi
  if ! zstd -q -d -f --rm -o "$file" "$file.zst" || [ "$(digest <"$file")" != "$plain" ]; then
    rm -f "$file" "$file.zst"
    say "segment $name is not what was archived"
    exit $ABORT_RECOVERY
  fi
}
