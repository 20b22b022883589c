"""`make validate`: every overlay is rendered and compared with the programs that it configures. See README.md."""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import linters
import names
import pods
import policies
import racks
import references
import restore
import schemas
import wrong
from render import OVERLAYS, pin, render
from world import World


def problems(world, running=True):
    return references.problems(world) + names.problems(world) + racks.problems(world) + schemas.problems(world) + policies.problems(world) + pods.problems(world, running)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-linters", action="store_true", help="without kube-score, checkov and hadolint")
    arguments = parser.parse_args()
    started = time.monotonic()
    found = []
    with ThreadPoolExecutor(2) as threads:
        linting = threads.submit(list) if arguments.no_linters else threads.submit(linters.problems)
        for overlay in OVERLAYS:
            world = World(pin(render(overlay)))
            here = problems(world)
            print(f"{overlay}: {len(world.documents)} objects, {len(here)} problems", flush=True)
            found += [f"{overlay}: {problem}" for problem in here]
            passed, refused = policies.passed_though_wrong(world)
            found += [f"{overlay}: {problem}" for problem in passed]
            print(f"{overlay}: {refused} manifests that policies must refuse: {refused - len(passed)} refused", flush=True)
        found += restore.problems()
        missed, tried = wrong.missed()
        print(f"{tried} manifests that are wrong: {tried - len(missed)} found", flush=True)
        found += missed + linting.result()
    for problem in found:
        print(f"validate: {problem}", file=sys.stderr)
    print(f"validate took {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
