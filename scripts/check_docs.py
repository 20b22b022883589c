#!/usr/bin/env python3
"""check_docs.py: fails when a document names a source file or, in a table of guarantees, a test that does not exist."""

import re
import subprocess
from pathlib import Path

FOLDERS = "api|auth|benches|docs|fuzz|infer|ingest|live|media|models|pipelines|proto|runtime|scripts|sink|storage|vision|vru"
# `NNNN-title.md` is a pattern, `ingest/jpeg` the name of a bench.
FILE = re.compile(rf"`((?:{FOLDERS})/(?!\S*NNNN)(?:[\w.-]+/)*(?:[\w-]+\.\w+)?)`")
TEST = re.compile(r"`(?:\w+: )?([a-z][a-z0-9]*(?:_[a-z0-9]+){2,})`")
# Documents whose tables name tests in the last column.
CHECKED = {"docs/delivery.md", "docs/security.md"}
FUNCTION = re.compile(r"\bfn (\w+)")


def tracked(*patterns):
    return subprocess.run(["git", "ls-files", *patterns], check=True, capture_output=True, text=True).stdout.split()


def main():
    functions = {name for file in tracked("*.rs") for name in FUNCTION.findall(Path(file).read_text(encoding="utf-8"))}
    problems = []
    for document in tracked("*.md"):
        for number, line in enumerate(Path(document).read_text(encoding="utf-8").splitlines(), 1):
            missing = [name for name in FILE.findall(line) if not Path(name).exists()]
            if document in CHECKED and line.startswith("| "):
                missing += [name for name in TEST.findall(line.rsplit(" | ", 1)[-1]) if name not in functions]
            problems += [f"{document}:{number}: there is no {name}" for name in missing]
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
