#!/usr/bin/env bash
# Known holes in dependencies: of Rust (RustSec's list), of the web app and of the tests' Python. Each list is fetched anew.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
PIP_AUDIT=2.10.1

cd "$ROOT"
scripts/setup.sh test
status=0
"$CACHE/bin/cargo-deny" --locked check advisories || status=1
[ -x "$CACHE/node/bin/npm" ] && export PATH="$CACHE/node/bin:$PATH"
# What users get. Tools of developers are looked at by the next line, and do not stop a deployment.
npm audit --prefix web --omit=dev --audit-level=high || status=1
npm audit --prefix web --audit-level=critical || status=1
python3 -m venv "$CACHE/venv-audit"
"$CACHE/venv-audit/bin/pip" install -q --disable-pip-version-check "pip-audit==$PIP_AUDIT"
for requirements in scripts/setup/requirements-*.txt; do
  "$CACHE/venv-audit/bin/pip-audit" --requirement "$requirements" --disable-pip --no-deps || status=1
done
exit $status
