"""`make validate`, the part of the pipeline. See README.md."""

import io
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import contents
import installation
import jobs
import pipeline
import pipeline_mistakes
import releases


def unit_tests():
    """Of the scripts that judge and compute: figures, findings, docs/scale.md."""
    found = []
    for folder in ("scripts/ci", "scripts/scale"):
        suite = unittest.TestLoader().discover(str(pipeline.ROOT / folder), "*_test.py", str(pipeline.ROOT / folder))
        if not suite.countTestCases():
            found.append(f"{folder} has no unit tests")
        result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
        found += [f"{test}: {text}" for test, text in result.failures + result.errors]
    return found


def timed(what, call):
    started = time.monotonic()
    found = call()
    print(f"{what}: {len(found)} problems, {time.monotonic() - started:.0f} s", flush=True)
    return found


def main():
    found = []
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(1) as beside:
        copy = pipeline.copy(Path(scratch))
        mistakes = beside.submit(pipeline_mistakes.missed)
        found += timed("jobs of each kind of pipeline", lambda: jobs.problems(copy))
        found += timed("scripts, targets, order, secrets", lambda: contents.problems(copy))
        found += timed("releases and canaries", releases.problems)
        found += timed("unit tests", unit_tests)
        found += timed("a running installation", installation.problems)
        missed, tried = mistakes.result()
        print(f"{tried} mistakes in the pipeline: {tried - len(missed)} found", flush=True)
        found += missed
    # Last, and alone: they build. BUILT=1, as in `make test`: building the programs alone has other features than building the tests, and
    # would compile half of the workspace once more.
    for name, arguments in (("lint", {}), ("unit", {"ARGS": "--workspace --test bootstrap", "BUILT": "1"})):
        found += timed(f"the job {name}, really run", lambda: pipeline.run_job(name, arguments))
    for problem in found:
        print(f"validate: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
