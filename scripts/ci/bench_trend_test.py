"""Figures with a known trend."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import bench_trend

SCRIPT = Path(__file__).with_name("bench_trend.py")


def row(name="bus", ours=100.0, reference=100.0, unit="ms", goal="-", met=None):
    return {"name": name, "ours": ours, "reference": reference, "unit": unit, "ratio": ours / reference, "goal": goal, "met": met, "peer": "p", "turns": 3}


def problems(now, *earlier):
    return bench_trend.judge({row["name"]: row for row in now}, [{row["name"]: row for row in run} for run in earlier])[1]


class Trend(unittest.TestCase):
    def test_a_slower_program_is_found_and_a_faster_one_is_not(self):
        runs = [[row(ours=ours)] for ours in (100, 103, 98, 101)]
        self.assertIn("20% worse", problems([row(ours=121)], *runs)[0])
        self.assertEqual([], problems([row(ours=110)], *runs))
        self.assertEqual([], problems([row(ours=60)], *runs))

    def test_less_throughput_is_worse(self):
        runs = [[row(ours=ours, unit="frames/s")] for ours in (25, 24.8, 25.1)]
        self.assertEqual(1, len(problems([row(ours=19, unit="frames/s")], *runs)))
        self.assertEqual([], problems([row(ours=40, unit="frames/s")], *runs))

    def test_another_machine_is_not_another_program(self):
        runs = [[row(ours=100, reference=400)]] * 3
        self.assertEqual([], problems([row(ours=200, reference=800)], *runs))

    def test_a_disturbed_run_hides_nothing_and_raises_no_alarm_later(self):
        runs = [[row(ours=ours)] for ours in (100, 101, 300, 99)]
        self.assertEqual([], problems([row(ours=102)], *runs))
        # As bad as the disturbed one was: not worse than each run, so a person is told only when it stays.
        self.assertEqual([], problems([row(ours=290)], *runs))
        self.assertEqual(1, len(problems([row(ours=310)], *runs)))

    def test_two_runs_are_too_few(self):
        self.assertEqual([], problems([row(ours=500)], [row()], [row()]))

    def test_a_goal_that_was_met_and_a_row_that_is_gone(self):
        self.assertIn("misses its goal", problems([row(goal="<= 1.1", met=False)], [row(goal="<= 1.1", met=True)])[0])
        self.assertEqual([], problems([row(goal="<= 1.1", met=False)], [row(goal="<= 1.1", met=False)]))
        self.assertIn("bus was measured", problems([row("tracker")], [row("bus"), row("tracker")])[0])

    def test_the_program_compares_in_the_order_of_pipelines_and_keeps_the_run(self):
        with tempfile.TemporaryDirectory() as scratch:
            earlier, summary = Path(scratch) / "earlier", Path(scratch) / "summary.json"
            earlier.mkdir()
            # 9 comes before 10, 11, 12; only the last three count.
            for number, ours in ((9, 1000), (10, 100), (11, 100), (12, 100)):
                (earlier / f"{number}.json").write_text(json.dumps([row(ours=ours)]))
            summary.write_text(json.dumps([row(ours=200)]))
            command = [sys.executable, SCRIPT, summary, earlier, "--save", earlier / "13.json", "--runs", "3"]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(1, done.returncode, done.stderr)
            self.assertIn("100% worse", done.stderr)
            self.assertEqual(summary.read_text(), (earlier / "13.json").read_text())

    def test_what_is_no_summary_is_refused(self):
        with tempfile.TemporaryDirectory() as scratch:
            summary = Path(scratch) / "summary.json"
            for text in ("", "[]", "{}", '[{"name": "x"}]'):
                summary.write_text(text)
                done = subprocess.run([sys.executable, SCRIPT, summary, scratch + "/none"], capture_output=True, text=True)
                self.assertNotEqual(0, done.returncode, text)
                self.assertNotIn("Traceback", done.stderr, text)


if __name__ == "__main__":
    unittest.main()
