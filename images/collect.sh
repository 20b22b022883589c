#!/bin/bash
# collect.sh PROGRAM PLUGIN...: copies the plugins of GStreamer, and every library that they and the program load, to /collected.
set -euo pipefail
program=$1
shift
plugins=()
for name in "$@"; do plugins+=(/usr/lib/*/gstreamer-1.0/"libgst$name.so"); done
mkdir /collected
# /lib is a link to /usr/lib, which a copy of a folder /lib would replace.
ldd "$program" "${plugins[@]}" | awk '$3 ~ /^\// { print $3 }' | sed 's,^/lib/,/usr/lib/,' | sort --unique |
  xargs cp --parents --dereference --target-directory /collected
cp --parents "${plugins[@]}" /collected
