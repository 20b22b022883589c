#!/usr/bin/env python3
"""Compares the figures of a run of the benches with those of earlier runs, and fails when one has become worse.

  bench_trend.py SUMMARY EARLIER [--save FILE] [--worse 0.15] [--runs 7]

SUMMARY is target/bench/summary.json; EARLIER a folder with one such file a run, named by the number of its pipeline. A row is compared by
`ratio`, ours against the peer on the same machine, so that another runner does not look like another program; rows without a peer's ratio that
means something (the peer is the clock) are compared by `ours`. Worse is: worse than the median of the last runs by more than `--worse`, and worse
than each of them. So one run that was disturbed neither raises an alarm later nor hides one. Fewer than three earlier runs are too few to judge.
A goal that is missed and was met in the run before fails as well, and a row that is gone.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import median

FEWEST = 3
# Units of which more is better.
MORE_IS_BETTER = re.compile(r"^(frames/s|rows/s|MB/s|alerts/s|cameras|requests/s|messages/s)$")


def figure(row):
    """The row's figure in which less is better."""
    straight = row["ours"] / row["reference"] if row["reference"] else row["ours"]
    return 1 / straight if MORE_IS_BETTER.match(row["unit"]) and straight else straight


def compared(row):
    # Counts that must be equal have a goal, and nothing between.
    return row["goal"] != "= reference"


def judge(now, earlier, worse=0.15):
    """Lines of a table, and problems in words. `earlier` is a list of runs, the newest last; a run is name → row."""
    lines, problems = [], []
    last = earlier[-1] if earlier else {}
    for name in sorted(last.keys() - now.keys()):
        problems.append(f"{name} was measured in the last run and is not in this one")
    for name, row in sorted(now.items()):
        before = [figure(run[name]) for run in earlier if name in run]
        change = ""
        if len(before) >= FEWEST and compared(row):
            middle, mine = median(before), figure(row)
            change = f"{mine / middle - 1:+.1%}" if middle else ""
            if mine > middle * (1 + worse) and mine > max(before):
                problems.append(f"{name} is {mine / middle - 1:.0%} worse than the median of {len(before)} runs, and worse than each of them: "
                                f"{row['ours']:g} {row['unit']} beside {row['reference']:g}")
        if row["met"] is False and last.get(name, {}).get("met"):
            problems.append(f"{name} misses its goal {row['goal']}, which the last run met: {row['ours']:g} {row['unit']}, ratio {row['ratio']:g}")
        lines.append(f"{name:45} {row['ours']:>12g} {row['unit']:10} {row['ratio']:>10.3g} {row['goal']:>28} {change:>8}")
    return lines, problems


def rows(path):
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        return {row["name"]: row for row in found if figure(row) is not None}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"bench_trend: {path} cannot be read as a summary of the benches: {error!r}") from None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("summary", type=Path)
    parser.add_argument("earlier", type=Path)
    parser.add_argument("--save", type=Path, help="where this run is kept for the next ones")
    parser.add_argument("--worse", type=float, default=0.15)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    numbered = sorted(arguments.earlier.glob("*.json"), key=lambda path: int(path.stem)) if arguments.earlier.is_dir() else []
    now = rows(arguments.summary)
    if not now:
        raise SystemExit(f"bench_trend: {arguments.summary} has no rows")
    lines, problems = judge(now, [rows(path) for path in numbered[-arguments.runs:]], arguments.worse)
    print("\n".join(lines))
    print(f"{len(now)} rows, compared with {min(len(numbered), arguments.runs)} earlier runs")
    if arguments.save:
        arguments.save.parent.mkdir(parents=True, exist_ok=True)
        arguments.save.write_text(arguments.summary.read_text(encoding="utf-8"), encoding="utf-8")
    for problem in problems:
        print(f"bench_trend: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
