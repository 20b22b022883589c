#!/usr/bin/env python3
"""check_docs.py: fails when a document names a source file, a page, a picture or, in a table of guarantees, a test that does not exist,
and when the user guide has a picture that is too large or that no page shows."""

import re
import subprocess
from pathlib import Path

FOLDERS = "api|auth|benches|docs|fuzz|infer|ingest|live|media|models|pipelines|proto|rules|runtime|scripts|sink|storage|terraform|vision|vru"
# `NNNN-title.md` is a pattern, `ingest/jpeg` the name of a bench.
FILE = re.compile(rf"`((?:{FOLDERS})/(?!\S*NNNN)(?:[\w.-]+/)*(?:[\w-]+\.\w+)?)`")
TEST = re.compile(r"`(?:\w+: )?([a-z][a-z0-9]*(?:_[a-z0-9]+){2,})`")
# Documents whose tables name tests in the last column.
CHECKED = {"docs/delivery.md", "docs/security.md"}
FUNCTION = re.compile(r"\bfn (\w+)")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
PICTURES = Path("docs/user-guide/pictures")
LARGEST_PICTURE = 200 * 1024


def tracked(*patterns):
    return subprocess.run(["git", "ls-files", *patterns], check=True, capture_output=True, text=True).stdout.split()


def main():
    functions = {name for file in tracked("*.rs") for name in FUNCTION.findall(Path(file).read_text(encoding="utf-8"))}
    problems = []
    shown = set()
    for document in tracked("*.md"):
        for number, line in enumerate(Path(document).read_text(encoding="utf-8").splitlines(), 1):
            missing = [name for name in FILE.findall(line) if not Path(name).exists()]
            if document in CHECKED and line.startswith("| "):
                missing += [name for name in TEST.findall(line.rsplit(" | ", 1)[-1]) if name not in functions]
            linked = {name: Path(document).parent / name for name in LINK.findall(line)}
            missing += [name for name, path in linked.items() if not path.exists()]
            shown |= {path.resolve() for path in linked.values()}
            problems += [f"{document}:{number}: there is no {name}" for name in missing]
    for picture in sorted(PICTURES.glob("*")):
        if picture.resolve() not in shown:
            problems.append(f"{picture}: no page shows it")
        if picture.stat().st_size > LARGEST_PICTURE:
            problems.append(f"{picture}: larger than {LARGEST_PICTURE // 1024} KB")
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
