"""Whether a log has a secret of the run that wrote it."""

import re
from pathlib import Path

# Files of the data folder whose content is a secret.
FILES = ("cameras-key", "first-admin-token")
# The demo shows this one on its terminal on purpose: it is how the first person gets in.
ON_THE_TERMINAL = "first-admin-token"


def secrets_of(demo):
    """Secret → what it is: of the files of the demo, and of the command lines of what it started, which has the push camera's password."""
    found = {}
    for name in FILES:
        path = demo.folder / name
        if not path.is_file():
            raise SystemExit(f"the demo has no {name}: this test does not know its secrets any more")
        found[path.read_text().strip()] = name
    passwords = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        passwords |= set(re.findall(r"rtsps?://[^:/@\s]+:([^@\s]+)@127\.0\.0\.1", line))
    return found | dict.fromkeys(passwords, "the password of the camera that pushes")


def logs(demo):
    """Everything that the demo wrote for people: its terminal, its log, and those of PostgreSQL and of what sends video."""
    yield demo.log
    for path in demo.folder.rglob("*"):
        if path.is_file() and (path.suffix == ".log" or "log" in path.parent.name):
            yield path


def shown(demo, secrets):
    return in_files(logs(demo), secrets, {demo.log: {ON_THE_TERMINAL}})


def in_files(paths, secrets, allowed=None):
    """In words, where a secret is shown. Never the secret itself."""
    found, read = [], 0
    for path in paths:
        text = path.read_text(errors="replace")
        read += len(text)
        for secret, what in secrets.items():
            if secret in text and what not in (allowed or {}).get(path, ()):
                found.append(f"the log {path.name} shows {what}")
    if not read:
        found.append("there was no log to look for secrets in")
    print(f"{len(secrets)} secrets, {read} bytes of logs")
    return found
