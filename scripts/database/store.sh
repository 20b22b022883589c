# shellcheck shell=bash
# The place of the backups: a folder, or a bucket that rclone reaches. Names are paths below it.

# A broken connection must end in an error, not in a wait. rclone does not start with AWS_CA_BUNDLE; its own variable is RCLONE_CA_CERT.
RCLONE=(env --unset=AWS_CA_BUNDLE rclone --retries 3 --low-level-retries 5 --contimeout 20s --timeout 120s --s3-no-check-bucket --s3-chunk-size 64M --log-level ERROR)

in_folder() { [[ $STORE == /* ]]; }

# store_put NAME: stores the standard input. A folder gets the whole file or none, and it is on the disk before this returns. In a bucket an
# input that breaks off may leave half a file, so that what says that it is complete is stored after it.
store_put() {
  local path=$STORE/$1
  if ! in_folder; then
    "${RCLONE[@]}" rcat "$path"
    return
  fi
  mkdir -p "$(dirname "$path")" && cat >"$path.new" && sync "$path.new" && mv -T "$path.new" "$path" && sync "$(dirname "$path")"
}

# store_get NAME: to the standard output.
store_get() {
  if in_folder; then cat "$STORE/$1"; else "${RCLONE[@]}" cat "$STORE/$1"; fi
}

# store_list FOLDER: the names of files in it, without folders, sorted; nothing if it does not exist.
store_list() {
  if in_folder; then
    [ -d "$STORE/$1" ] || return 0
    find "$STORE/$1" -mindepth 1 -maxdepth 1 -type f ! -name '*.new' -printf '%f\n' | sort
  else
    bucket_list "$1" --files-only
  fi
}

# store_folders FOLDER: the names of folders in it, sorted.
store_folders() {
  if in_folder; then
    [ -d "$STORE/$1" ] || return 0
    find "$STORE/$1" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort
  else
    bucket_list "$1" --dirs-only | sed 's,/$,,'
  fi
}

bucket_list() {
  local listed status=0
  listed=$("${RCLONE[@]}" lsf "$2" "$STORE/$1" 2>&1) || status=$?
  # 3: there is no such folder.
  [ "$status" = 3 ] && return 0
  [ "$status" = 0 ] || { say "cannot list $STORE/$1: $listed"; return 1; }
  [ -z "$listed" ] || sort <<<"$listed"
}

# store_has NAME: 0 it is there, 1 it is not, 2 nobody can say.
store_has() {
  if in_folder; then
    [ -d "$STORE" ] || return 2
    [ -f "$STORE/$1" ]
    return
  fi
  local listed
  listed=$(bucket_list "$(dirname "$1")" --files-only) || return 2
  grep -qxF "$(basename "$1")" <<<"$listed"
}

# store_delete NAME...: files; those that are not there are no error.
store_delete() {
  local name
  for name in "$@"; do
    if in_folder; then rm -f "$STORE/$name"; else "${RCLONE[@]}" deletefile "$STORE/$name" || return 1; fi
  done
}

# store_delete_folder NAME: with all that is in it.
store_delete_folder() {
  if in_folder; then rm -rf "${STORE:?}/$1"; else "${RCLONE[@]}" purge "$STORE/$1"; fi
}

# complete_backups: their names, oldest first.
complete_backups() {
  local name names status
  names=$(store_folders base) || return 1
  for name in $names; do
    status=0
    store_has "base/$name/SHA256SUMS" || status=$?
    # Nobody can say: to take it for incomplete would have it deleted.
    [ "$status" -lt 2 ] || return 1
    [ "$status" = 1 ] || printf '%s\n' "$name"
  done
}

# verify_sums NAME FILE...: that each of these files of a backup is as it was written, or the reason why not.
verify_sums() {
  local name=$1 sums file wanted found
  shift
  store_has "base/$name/SHA256SUMS" || die "backup $name is not complete: it has no SHA256SUMS, which is written last"
  sums=$(store_get "base/$name/SHA256SUMS") || die "cannot read base/$name/SHA256SUMS in $STORE"
  for file in "$@"; do
    wanted=$(awk -v file="$file" '$2 == file { print $1 }' <<<"$sums")
    [ -n "$wanted" ] || die "backup $name is damaged: its SHA256SUMS does not name $file"
    found=$(store_get "base/$name/$file" | digest) || die "backup $name is damaged: $file cannot be read"
    [ "$found" = "$wanted" ] || die "backup $name is damaged: $file has another SHA-256 than when it was written"
  done
}
