# shellcheck shell=bash
# The sample clip, its two encodings for cameras, and two still pictures.

VTEST_IN_PACKAGE=usr/share/doc/opencv-doc/examples/data/vtest.avi
# Ten frames are a second of this clip: a decoder that joins late waits at most that long.
GOP=10

setup_clips() {
  local clip=$CACHE/clips/vtest.avi
  if ! have vtest "$VTEST_AVI_SHA256" "$clip"; then
    say "sample clip"
    fetch_vtest "$WORK/vtest.avi"
    verify "$WORK/vtest.avi" "$VTEST_AVI_SHA256"
    put "$WORK/vtest.avi" "$clip"
    stamp vtest "$VTEST_AVI_SHA256"
  fi
  # Made once, so that the demo's cameras send without encoding: no B frames, no scene cuts, parameter sets in every key frame,
  # as cameras do it.
  encode_once vtest-h264.mp4 -c:v libx264 -preset veryfast -tune zerolatency -profile:v baseline -crf 21 \
    -x264-params "keyint=$GOP:min-keyint=$GOP:scenecut=0:bframes=0:repeat-headers=1:sliced-threads=0"
  encode_once vtest-h265.mp4 -c:v libx265 -preset veryfast -tune zerolatency -crf 23 -tag:v hvc1 \
    -x265-params "keyint=$GOP:min-keyint=$GOP:scenecut=0:bframes=0:repeat-headers=1:log-level=error"
}

# The package's documentation folder is left out by images that exclude /usr/share/doc, so the package is unpacked by hand there.
fetch_vtest() {
  if [ -r "/$VTEST_IN_PACKAGE" ]; then cp "/$VTEST_IN_PACKAGE" "$1"; return; fi
  (cd "$WORK" && retry apt-get download -q opencv-doc >/dev/null 2>&1) || {
    update_lists
    (cd "$WORK" && retry apt-get download -q opencv-doc >/dev/null) || die "Debian did not give the package opencv-doc"
  }
  dpkg-deb --fsys-tarfile "$WORK"/opencv-doc_*.deb | tar -x -O "./$VTEST_IN_PACKAGE" >"$1"
}

encode_once() {
  local name=$1 key="$VTEST_AVI_SHA256 $*"
  shift
  have "$name" "$key" "$CACHE/clips/$name" && return 0
  say "encoding $name"
  ffmpeg -nostdin -v error -y -i "$CACHE/clips/vtest.avi" -an -pix_fmt yuv420p "$@" -movflags +faststart "$WORK/$name" ||
    die "ffmpeg could not encode $name"
  put "$WORK/$name" "$CACHE/clips/$name"
  stamp "$name" "$key"
}

setup_stills() {
  have stills "$ULTRALYTICS_VERSION" "$CACHE/stills/bus.jpg" "$CACHE/stills/zidane.jpg" && return 0
  say "still pictures"
  local wheel
  wheel=$(fetch_wheel ultralytics "$ULTRALYTICS_VERSION" "$ULTRALYTICS_SHA256")
  unzip -q -o "$wheel" 'ultralytics/assets/*.jpg' -d "$WORK/stills"
  put "$WORK/stills/ultralytics/assets/bus.jpg" "$CACHE/stills/bus.jpg"
  put "$WORK/stills/ultralytics/assets/zidane.jpg" "$CACHE/stills/zidane.jpg"
  stamp stills "$ULTRALYTICS_VERSION"
}
