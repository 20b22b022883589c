"""Evicts all pods of each app while nothing can start elsewhere: its budget lets pass what it can spare, and refuses the others."""

import json

from cluster import NAMESPACE, Failed, ready
from running import name_of_app, running, settled

REFUSED = "violate the pod's disruption budget"


def problems(cluster):
    """Evictions that passed or were refused against what budgets promise, and how many were refused. No result depends on which is faster."""
    found, refused = [], 0
    nodes = [node["metadata"]["name"] for node in cluster.get("nodes")]
    # What replaces an evicted pod gets no node, so that no budget has room again meanwhile.
    cluster.kubectl("cordon", *nodes)
    for budget in cluster.get("poddisruptionbudgets"):
        try:
            problem, count = evict_all(cluster, budget["metadata"]["name"])
            found += problem
            refused += count
        except Failed as failed:
            found.append(str(failed))
    cluster.kubectl("uncordon", *nodes)
    cluster.until("what was evicted runs again", lambda: settled(cluster))
    return found, refused


def evict_all(cluster, name):
    """Evicts the pods of a budget, one right after the other."""
    cluster.until(f"the budget {name} knows its pods", lambda: counted(*budget_and_pods(cluster, name)))
    budget, pods = budget_and_pods(cluster, name)
    results = [evict(cluster, pod) for pod in pods]
    passed = sum(done.returncode == 0 for done in results)
    refused = sum(done.returncode != 0 and REFUSED in done.stderr for done in results)
    spared = len(pods) - budget["status"]["desiredHealthy"]
    found = [f"an eviction of {name} failed: {done.stderr[-600:]}" for done in results if done.returncode != 0 and REFUSED not in done.stderr]
    if passed != spared:
        found.append(f"{name}: {passed} of {len(pods)} pods could be evicted at once, and the budget spares {spared}")
    if not refused:
        found.append(f"{name}: its budget refused none of {len(pods)} evictions at once")
    return found, refused


def budget_and_pods(cluster, name):
    budget = next(each for each in cluster.get("poddisruptionbudgets") if each["metadata"]["name"] == name)
    app = budget["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
    return budget, [pod["metadata"]["name"] for pod in running(cluster) if name_of_app(pod) == app and ready(pod)]


def counted(budget, pods):
    status = budget.get("status", {})
    known = status.get("observedGeneration") == budget["metadata"]["generation"] and status["currentHealthy"] == status["expectedPods"] == len(pods)
    return known or f"{len(pods)} pods are ready, and its status is {status}"


def evict(cluster, pod):
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAMESPACE}}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
    return cluster.kubectl("create", "--raw", path, "--filename", "-", check=False, text=json.dumps(eviction))
