#!/usr/bin/env python3
"""Whether the SBOM of each image names what the image has, and is valid.

    check_sbom.py IMAGES    the folder of images/build.sh, with IMAGE/IMAGE.cdx.json

What must be there comes from others than the generator: `cargo tree`, the records of dpkg in the image and on this machine, package-lock.json,
`go version -m`. A list with one entry less must be refused, and one that breaks the schema.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parent.parent
# Image → the program whose crates it has.
PROGRAMS = {"sink": "vru-sink", "migrate": "vru-sink", "api": "vru-api", "ingest": "vru-ingest", "infer": "vru-infer", "infer-gpu": "vru-infer", "all-in-one": "vru"}
WITH_APP = {"web", "api", "all-in-one"}
# Packages of which single files were copied: a library that dpkg does not know.
COLLECTED = {"sink": {"libgstreamer1.0-0", "libglib2.0-0", "gstreamer1.0-plugins-good"},
             "api": {"libgstreamer1.0-0", "libglib2.0-0", "libavcodec59", "gstreamer1.0-libav"}}
COLLECTED["migrate"] = COLLECTED["sink"]
# Image → what is taken out of its list, which must be noticed.
SEEDED = {"web": "pkg:npm/react@", "collector": "pkg:golang/", "sink": "pkg:deb/debian/libglib2.0-0@", "infer": "pkg:pypi/onnxruntime@"}


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def crates(program):
    """Our packages are named as their programs."""
    tree = run("cargo", "tree", "--locked", "--package", program, "--edges", "normal,no-proc-macro", "--prefix", "none")
    return {f"pkg:cargo/{name}@{version[1:]}" for name, version, *_ in map(str.split, filter(None, tree.splitlines()))}


def packages(root):
    listed = run("dpkg-query", "--admindir", root / "var/lib/dpkg", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\n")
    system = next(line.split("=")[1].strip('"') for line in (root / "etc/os-release").read_text().splitlines() if line.startswith("ID="))
    found = {f"pkg:deb/{system}/{name}@{version}" for state, name, version in map(str.split, listed.splitlines()) if state == "installed"}
    return found or sys.exit(f"{root} has no Debian packages")


def app():
    lock = json.loads((ROOT / "web/package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = json.loads((ROOT / "web/package.json").read_text(encoding="utf-8"))["dependencies"]
    return {f"pkg:npm/{name}@{lock[f'node_modules/{name}']['version']}" for name in wanted}


def modules(program):
    lines = map(str.split, run("go", "version", "-m", program).splitlines())
    return {f"pkg:golang/{words[1].lower()}@{words[2]}" for words in lines if words[:1] == ["dep"]}


def wanted(image, root):
    found = packages(root)
    if image in PROGRAMS:
        found |= crates(PROGRAMS[image])
    if image in WITH_APP:
        found |= app()
    if image == "collector":
        found |= modules(root / "usr/bin/vru-otelcol")
    if (root / "opt/onnxruntime/libonnxruntime.so").exists():
        found.add(f"pkg:pypi/onnxruntime@{(root / 'opt/onnxruntime/VERSION').read_text(encoding='utf-8').strip()}")
    return found


def listed(bom):
    purls = {unquote(part["purl"].split("?")[0]) for part in bom["components"] if "purl" in part}
    return {purl.lower() if purl.startswith("pkg:golang/") else purl for purl in purls}


def invalid(bom):
    """What the schema refuses."""
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bom))
    return str(wrong)[:300] if wrong else None


def missing(image, bom, expected):
    there = listed(bom)
    lacks = sorted(expected - there)
    names = {purl.split("/")[-1].split("@")[0] for purl in there if purl.startswith("pkg:deb/")}
    lacks += sorted(COLLECTED.get(image, set()) - names)
    # Nobody can look up a package without a version.
    return lacks + [f"a version of {part['name']}" for part in bom["components"] if part.get("type") == "library" and not part.get("version")]


def without(bom, prefix):
    less = copy.deepcopy(bom)
    less["components"] = [part for part in bom["components"] if not part.get("purl", "").startswith(prefix)]
    if len(less["components"]) == len(bom["components"]):
        raise SystemExit(f"nothing begins with {prefix}")
    return less


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    found = []
    boms = sorted(Path(sys.argv[1]).resolve().glob("*/*.cdx.json"))
    if not boms:
        raise SystemExit(f"no SBOM in {sys.argv[1]}")
    for path in boms:
        image, root = path.parent.name, path.parent / "root"
        bom = json.loads(path.read_text(encoding="utf-8"))
        expected = wanted(image, root)
        print(f"{image}: {len(bom['components'])} components, {len(expected)} of them looked up", flush=True)
        if wrong := invalid(bom):
            found.append(f"{image}: not valid CycloneDX 1.6: {wrong}")
        if lacks := missing(image, bom, expected):
            found.append(f"{image}: the SBOM lacks {len(lacks)}: {', '.join(lacks[:20])}")
            continue
        seeded = [SEEDED.get(image, "pkg:deb/")] + (["pkg:cargo/tokio@"] if image in PROGRAMS else [])
        found += [f"{image}: the SBOM without {prefix} was accepted" for prefix in seeded if not missing(image, without(bom, prefix), expected)]
    if not invalid({**bom, "components": [{"name": "without a type"}]}):
        found.append("a component without a type was accepted")
    if found:
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
