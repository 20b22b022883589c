"""`kubectl drain` of nodes in all zones at once. No workload falls below what its budget promises."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import nodes
from cluster import Failed
from render import CACHE
from running import settled
from watch import Watch


def floors(cluster):
    """App → the pods that its budget promises. What has no budget has no promise, which is a problem of its own."""
    found = {}
    for budget in cluster.get("poddisruptionbudgets"):
        app = budget["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
        found[app] = budget["status"]["desiredHealthy"]
    return found


def without_budget(cluster):
    apps = [workload["metadata"]["name"] for workload in cluster.get("deployments") + cluster.get("statefulsets")]
    return [f"{app} has no budget: a drain may take all its pods" for app in apps if floors(cluster).get(app, 0) < 1]


def problems(cluster, rounds=None, seconds=180, settle=300):
    """Drains the nodes, and gives what went wrong."""
    found = without_budget(cluster)
    for together in rounds or list(nodes.drained_together()):
        cluster.kubectl("cordon", *together)
        with Watch(cluster) as watch:
            with ThreadPoolExecutor(len(together)) as threads:
                drained = list(threads.map(lambda node: drain(cluster, node, seconds), together))
            try:
                cluster.until(f"what was on {', '.join(together)} runs elsewhere", lambda: settled(cluster), settle)
            except Failed as failed:
                found.append(str(failed))
        cluster.kubectl("uncordon", *together)
        found += [f"{node} cannot be drained: {done.stderr[-600:]}" for node, done in zip(together, drained) if done.returncode != 0]
        found += watch.below(floors(cluster))
    return found


def whole_zone(cluster, zone=nodes.ZONES[0]):
    """Drains all nodes of a zone, as for its upgrade or before it is lost. What was there runs in the other zones meanwhile."""
    return problems(cluster, [nodes.in_zone(zone)])


def drain(cluster, node, seconds):
    command = [CACHE / "bin/kubectl", "--kubeconfig", cluster.config, "drain", node, "--delete-emptydir-data", "--ignore-daemonsets",
               f"--timeout={seconds}s"]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
