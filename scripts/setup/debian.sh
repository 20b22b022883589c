# shellcheck shell=bash
# Debian packages: asks dpkg first and calls apt-get only for what is missing.

# What compiling needs. It is installed first; everything else is installed while cargo compiles.
BUILD_PACKAGES=(
  build-essential ca-certificates cmake nasm pkg-config
  libcurl4-openssl-dev libssl-dev libsasl2-dev libzstd-dev zlib1g-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstrtspserver-1.0-dev
)
RUN_PACKAGES=(
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
  gstreamer1.0-libav gstreamer1.0-rtsp gstreamer1.0-tools
  ffmpeg postgresql-15 python3 python3-venv unzip
)
# rsync is for gitlab-ci-local.
TEST_PACKAGES=(age mosquitto mosquitto-clients prometheus prometheus-alertmanager rclone redis-server rsync shellcheck zstd)

# Programs that a machine often has from elsewhere (a vendor's Node, a JDK, Go): Debian's is taken only where none is found.
DEMO_COMMANDS=(npm:npm)
TEST_COMMANDS=(chromium:chromium curl:curl jq:jq java:default-jre-headless mvn:maven)

missing_packages() {
  local installed package
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p')
  for package in "$@"; do grep -qxF "$package" <<<"$installed" || printf '%s\n' "$package"; done
}

missing_commands() {
  local pair
  for pair in "$@"; do command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair##*:}"; done
}

setup_build_packages() {
  install_debian "${BUILD_PACKAGES[@]}"
}

setup_debian() {
  local part=$1 packages commands
  packages=("${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}")
  commands=("${DEMO_COMMANDS[@]}")
  if [ "$part" != demo ]; then
    packages+=("${TEST_PACKAGES[@]}")
    commands+=("${TEST_COMMANDS[@]}")
  fi
  local missing
  mapfile -t missing < <(missing_commands "${commands[@]}")
  install_debian "${packages[@]}" "${missing[@]}"
}

install_debian() {
  local missing
  command -v dpkg-query >/dev/null || die "this needs Debian 12 or a system like it: dpkg-query was not found. Packages by name: $*"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  say "Debian packages: ${missing[*]}"
  update_lists
  retry as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
    >"$CACHE/apt.log" 2>&1 || die "apt-get install failed; the end of $CACHE/apt.log: $(tail -n 15 "$CACHE/apt.log")"
}

# Once a run: the lists do not change between two steps.
update_lists() {
  [ -z "${LISTS_UPDATED:-}" ] || return 0
  LISTS_UPDATED=1
  retry as_root apt-get update -q >"$CACHE/apt.log" 2>&1 || die "apt-get update failed; see $CACHE/apt.log"
}
