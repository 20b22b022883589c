"""Reports as GitLab's analysers write them, with known findings."""

import datetime
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import scan_gate

SCRIPT = Path(__file__).with_name("scan_gate.py")


def report(*findings, kind="container_scanning"):
    return {"version": "15.0.7", "scan": {"type": kind, "status": "success"}, "vulnerabilities": list(findings)}


def finding(severity, name="CVE-2026-0001", solution=None):
    found = {"id": "abc", "severity": severity, "identifiers": [{"type": "cve", "name": name, "value": name}], "location": {"image": "api"}}
    return {**found, "solution": solution} if solution else found


class Gate(unittest.TestCase):
    def refused(self, whole, known=frozenset()):
        return list(scan_gate.refused(whole, set(known)))

    def test_critical_findings_stop_a_release_and_high_ones_if_there_is_a_fix(self):
        self.assertEqual(1, len(self.refused(report(finding("Critical")))))
        self.assertEqual([], self.refused(report(finding("High"))))
        self.assertEqual(1, len(self.refused(report(finding("High", solution="Upgrade to 2")))))
        self.assertEqual([], self.refused(report(finding("Medium", solution="Upgrade to 2"))))

    def test_every_secret_stops_a_release(self):
        self.assertEqual(1, len(self.refused(report(finding("Low", "AWS"), kind="secret_detection"))))

    def test_what_is_accepted_does_not_until_its_day_is_over(self):
        text = "# why\nCVE-2026-0001 2026-12-31 not reachable: no such feature\n"
        day = datetime.date(2026, 12, 31)
        self.assertEqual([], self.refused(report(finding("Critical")), scan_gate.accepted(text, day)))
        self.assertEqual(1, len(self.refused(report(finding("Critical")), scan_gate.accepted(text, day + datetime.timedelta(1)))))
        self.assertEqual(1, len(self.refused(report(finding("Critical", "CVE-2026-0002")), scan_gate.accepted(text, day))))

    def test_an_acceptance_without_a_date_or_a_reason_is_refused(self):
        for text in ("CVE-2026-0001\n", "CVE-2026-0001 forever because\n", "CVE-2026-0001 2026-12-31\n"):
            with self.assertRaises(SystemExit):
                scan_gate.accepted(text, datetime.date(2026, 1, 1))

    def test_no_report_is_no_pass(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "accepted").write_text("")
            (folder / "good.json").write_text(json.dumps(report(finding("Low"))))
            (folder / "failed.json").write_text(json.dumps({**report(), "scan": {"type": "sast", "status": "failure"}}))
            (folder / "empty.json").write_text("")
            cases = [(["good.json"], 0), (["good.json", "missing.json"], 1), (["empty.json"], 1), (["failed.json"], 1), ([], 1)]
            for names, status in cases:
                done = subprocess.run([sys.executable, SCRIPT, folder / "accepted", *(folder / name for name in names)], capture_output=True, text=True)
                self.assertEqual(status, done.returncode, (names, done.stderr))
                self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
