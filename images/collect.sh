#!/bin/bash
# collect.sh PROGRAM PLUGIN...: copies the plugins of GStreamer, and every library that they and the program load, to /collected, with the records
# of their Debian packages, which scanners read from status.d.
set -euo pipefail
program=$1
shift
plugins=()
for name in "$@"; do plugins+=(/usr/lib/*/gstreamer-1.0/"libgst$name.so"); done
records=/collected/var/lib/dpkg/status.d
mkdir -p "$records"
# /lib is a link to /usr/lib, which a copy of a folder /lib would replace.
mapfile -t files < <(ldd "$program" "${plugins[@]}" | awk '$3 ~ /^\// { print $3 }' | sed 's,^/lib/,/usr/lib/,' | sort --unique)
files+=("${plugins[@]}")
cp --parents --dereference --target-directory /collected "${files[@]}"

# A file may be an alternative, and its package may have it under /lib.
owner() {
  local path
  for path in "$1" "${1#/usr}" "$(readlink --canonicalize "$1")"; do
    dpkg --search "$path" 2>/dev/null && return 0
  done
  echo "no package has $1" >&2
  return 1
}
for file in "${files[@]}"; do
  found=$(owner "$file")
  package=${found%%:*}
  [ -e "$records/$package" ] || dpkg-query --status "$package" >"$records/$package"
done
