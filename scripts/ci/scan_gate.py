#!/usr/bin/env python3
"""Refuses a release whose reports of GitLab's analysers have a finding that is critical, or high with a fix, and that nobody has accepted.

  scan_gate.py ACCEPTED REPORT…

ACCEPTED has a line for each accepted finding: its identifier (CVE-…, a rule, or the finding's id), until when (YYYY-MM-DD), and why. An acceptance
that is over does not count. A leaked secret is never accepted by its severity. A report that is missing or empty is an error: no scan is no pass.
"""

import datetime
import json
import sys
from pathlib import Path

REFUSED = {"Critical"}
REFUSED_WITH_FIX = {"High"}


def accepted(text, today):
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        parts = line.split(None, 2)
        try:
            name, until, _why = parts
            if datetime.date.fromisoformat(until) >= today:
                found.add(name)
        except ValueError:
            raise SystemExit(f"scan_gate: line {number} of the accepted findings is not IDENTIFIER YYYY-MM-DD REASON: {line!r}") from None
    return found


def names(finding):
    yield finding.get("id", "")
    for identifier in finding.get("identifiers", []):
        yield identifier.get("name", "")
        yield identifier.get("value", "")


def refused(report, known):
    """Findings that stop a release, in words."""
    secret = report["scan"]["type"] == "secret_detection"
    for finding in report["vulnerabilities"]:
        severity = finding.get("severity", "Unknown")
        serious = secret or severity in REFUSED or (severity in REFUSED_WITH_FIX and finding.get("solution"))
        if serious and not known & set(names(finding)):
            place = finding.get("location", {})
            where = place.get("file") or place.get("dependency", {}).get("package", {}).get("name") or place.get("image", "")
            name = next((identifier["name"] for identifier in finding.get("identifiers", [])), finding.get("id"))
            yield f"{severity}: {name} in {where}: {finding.get('name') or finding.get('message') or ''}"


def main(accepted_file, *reports):
    known = accepted(Path(accepted_file).read_text(encoding="utf-8"), datetime.date.today())
    if not reports:
        raise SystemExit("scan_gate: no reports were given")
    problems = []
    for path in reports:
        try:
            report = json.loads(Path(path).read_text(encoding="utf-8"))
            found = list(refused(report, known))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"scan_gate: {path} is no report of an analyser: {error!r}") from None
        if report["scan"].get("status") == "failure":
            found.append("the scan has failed")
        print(f"{path}: {len(report['vulnerabilities'])} findings, {len(found)} stop a release")
        problems += [f"{path}: {each}" for each in found]
    for problem in problems:
        print(f"scan_gate: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    sys.exit(main(*sys.argv[1:]))
