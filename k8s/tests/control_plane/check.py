"""Applies every overlay to a real control plane. See README.md."""

import argparse
import sys
import time

import admission
import controllers
import drains
import evictions
import mistakes
import rollout
import running
from cluster import Cluster, Failed
from deploy import Release
from render import OVERLAYS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("overlays", nargs="*", default=OVERLAYS, help=f"of {', '.join(OVERLAYS)}")
    found = []
    for overlay in parser.parse_args().overlays:
        started = time.monotonic()
        with Cluster() as cluster:
            try:
                here = problems(cluster, overlay)
            except Failed as failed:
                here = [str(failed)]
        found += [f"{overlay}: {problem}" for problem in here]
        print(f"{overlay}: {len(here)} problems, took {time.monotonic() - started:.0f} s", flush=True)
    missed, tried = found_mistakes()
    print(f"{tried} mistakes, {tried - len(missed)} found", flush=True)
    found += missed
    for problem in found:
        print(f"control plane: {problem}", file=sys.stderr)
    return 1 if found else 0


def say(overlay, text):
    print(f"{overlay}: {text}", flush=True)


def deployed(cluster, overlay):
    """The overlay, applied; every pod runs."""
    release = Release(cluster, overlay, "one")
    documents = release.documents()
    controllers.install(cluster, documents)
    release.apply()
    controllers.reconcile(cluster, documents)
    cluster.until("every pod runs", lambda: running.settled(cluster))
    admission.wait_for_policies(cluster, documents)
    return release, documents


def problems(cluster, overlay):
    release, documents = deployed(cluster, overlay)
    say(overlay, f"{len(documents)} objects, {len(running.running(cluster))} pods run")
    found = running.misplaced(cluster) + running.without_zone(cluster) + running.missing_parts(cluster) + running.without_network_policy(cluster)
    difference = release.difference()
    if difference:
        found.append(f"what is applied differs from the manifests: {difference[:1500]}")
    passed, tried = admission.by_policies(cluster, documents)
    say(overlay, f"{tried} wrong manifests, {tried - len(passed)} refused by policies")
    undefined, tried = admission.by_definitions(cluster, documents)
    if tried:
        say(overlay, f"{tried} wrong objects of Strimzi and CloudNativePG, {tried - len(undefined)} refused by their definitions")
    unsafe, pods = admission.by_pod_security(cluster)
    say(overlay, f"{pods} pods that break Pod Security, {pods - len(unsafe)} refused")
    broken, refused = evictions.problems(cluster)
    say(overlay, f"every pod evicted at once; budgets refused {refused} evictions")
    broken += drains.problems(cluster)
    say(overlay, "nodes drained in all zones")
    broken += drains.whole_zone(cluster)
    say(overlay, "the nodes of a whole zone drained")
    return found + passed + undefined + unsafe + broken + rollout.problems(cluster, overlay)


def found_mistakes():
    with Cluster() as cluster:
        try:
            return mistakes.missed(cluster, *deployed(cluster, "production"))
        except Failed as failed:
            return [f"mistakes: {failed}"], len(mistakes.MISTAKES)


if __name__ == "__main__":
    sys.exit(main())
