"""Part of `make validate`: Terraform's own checks, checkov, and whether account and manifests agree. See README.md."""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import agree
import checks
import form
import security
import stub
import wrong
from workspace import Workspace, modules, roots


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", help="one module, with nothing else")
    only = parser.parse_args().only
    started = time.monotonic()
    with Workspace() as workspace, ThreadPoolExecutor(2) as threads:
        found, runs = [], 0
        jobs = [threads.submit(checks.module, workspace, name) for name in ([only] if only else modules())]
        if not only:
            jobs = [threads.submit(lambda: (security.problems(workspace.folder / "real"), 0)), *jobs]
            jobs += [threads.submit(checks.root, workspace, folder) for folder in roots()]
            jobs += [threads.submit(lambda: (stub.problems(workspace), 0)), threads.submit(lambda: (agree.all_problems(workspace), 0))]
            found += form.problems() + checks.format_problems(workspace)
        for job in jobs:
            problems, passed = job.result()
            found, runs = found + problems, runs + passed
        print(f"terraform: {len(modules())} modules, {len(roots())} roots, {runs} runs of tests, {len(found)} problems", flush=True)
        # Mistakes are looked for in what is right.
        if not only and not found:
            missed, tried = wrong.missed(workspace, threads)
            print(f"terraform: {tried} mistakes: {tried - len(missed)} found", flush=True)
            found += missed
    for problem in found:
        print(f"validate: {problem}", file=sys.stderr)
    print(f"terraform took {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
