#!/usr/bin/env python3
"""Writes into programs which crates they were built from, as cargo-auditable does (section .dep-v0): generators of SBOMs and scanners read it.

    name_crates.py PROGRAM...    programs of this workspace, named as their binaries

All features of the workspace count, as the programs are built with them; crates of tests and of builds do not.
"""

import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECTION = ".dep-v0"


def metadata():
    host = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    host = next(line.split(": ")[1] for line in host.splitlines() if line.startswith("host: "))
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", host]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def owner(packages, program):
    """The id of the package with this binary."""
    for package in packages.values():
        if package["source"] is None and any(target["name"] == program and "bin" in target["kind"] for target in package["targets"]):
            return package["id"]
    raise SystemExit(f"no package of the workspace has a binary {program}")


def crates(packages, nodes, root):
    """The packages that are linked into one, as cargo-auditable lists them."""
    found, left = {}, [root]
    while left:
        package = left.pop()
        if package in found:
            continue
        linked = [dep["pkg"] for dep in nodes[package]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
        found[package] = linked
        left += linked
    order = sorted(found, key=lambda package: (packages[package]["name"], packages[package]["version"], package))
    place = {package: number for number, package in enumerate(order)}
    listed = []
    for package in order:
        source = packages[package]["source"] or ""
        kind = "crates.io" if "crates.io" in source else "registry" if source.startswith(("registry", "sparse")) else "git" if source else "local"
        entry = {"name": packages[package]["name"], "version": packages[package]["version"], "source": kind}
        if dependencies := sorted({place[linked] for linked in found[package]}):
            entry["dependencies"] = dependencies
        if package == root:
            entry["root"] = True
        listed.append(entry)
    return listed


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    known = metadata()
    packages = {package["id"]: package for package in known["packages"]}
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    for program in map(Path, sys.argv[1:]):
        listed = crates(packages, nodes, owner(packages, program.name))
        with tempfile.NamedTemporaryFile() as section:
            section.write(zlib.compress(json.dumps({"packages": listed}).encode()))
            section.flush()
            subprocess.run(["objcopy", "--remove-section", SECTION, "--add-section", f"{SECTION}={section.name}", program], check=True)
        print(f"{program.name}: {len(listed)} crates")


if __name__ == "__main__":
    main()
