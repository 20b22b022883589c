#!/usr/bin/env bash
# Lists what is in an image, as CycloneDX: crates of our programs, Debian packages, modules of Go, the web app's packages, ONNX Runtime.
#   images/sbom.sh NAME VERSION ROOT FILE    ROOT: the image's file system; FILE: NAME.cdx.json
set -euo pipefail

CACHE=${VRU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vru}
name=$1 version=$2 root=$3 file=$4
[ -x "$CACHE/bin/syft" ] || { echo "sbom: syft is missing: scripts/setup.sh images" >&2; exit 1; }

# The lock file says what the app's files were made of: nothing of the packages' own files is left in them.
SYFT_CHECK_FOR_APP_UPDATE=false SYFT_FILE_METADATA_SELECTION=none "$CACHE/bin/syft" scan "dir:$root" --quiet \
  --source-name "vru-$name" --source-version "$version" --override-default-catalogers image --select-catalogers +javascript-lock-cataloger \
  --output "cyclonedx-json@1.6=$file.new"

# A library without a package: images/Dockerfile takes it out of the wheel on PyPI.
runtime='[]'
if [ -e "$root/opt/onnxruntime/libonnxruntime.so" ]; then
  runtime=$(jq --null-input --arg version "$(cat "$root/opt/onnxruntime/VERSION")" \
    '("pkg:pypi/onnxruntime@" + $version) as $purl | [{"bom-ref": $purl, type: "library", name: "onnxruntime", version: $version, purl: $purl, licenses: [{license: {id: "MIT"}}]}]')
fi
jq --argjson runtime "$runtime" '.components += $runtime' "$file.new" >"$file"
rm "$file.new"
