"""Applies every overlay to a real control plane. See README.md."""

import copy
import subprocess
import sys
import threading
import time
from collections import Counter

import refused
import yaml
from cluster import BIN, Cluster
from render import OVERLAYS, pin, render
from world import World

NAMESPACE = ("--namespace", "vru-detection")


def main():
    found = []
    for overlay in OVERLAYS:
        started = time.monotonic()
        documents = pin(render(overlay))
        with Cluster() as cluster:
            found += [f"{overlay}: {problem}" for problem in check(cluster, documents, overlay)]
        print(f"{overlay}: took {time.monotonic() - started:.0f} s", flush=True)
    for problem in found:
        print(f"control plane: {problem}", file=sys.stderr)
    return 1 if found else 0


def check(cluster, documents, overlay):
    cluster.install_definitions(documents)
    cluster.apply(documents)
    cluster.apply(list(minimums(documents)))
    cluster.until("every pod runs", lambda: settled(cluster))
    pods = cluster.get("pods", *NAMESPACE)
    found = placed(cluster, pods)
    difference = cluster.kubectl("diff", "--server-side", "--force-conflicts", "-f", "-", check=False, text=yaml.safe_dump_all(documents))
    if difference.returncode != 0:
        found.append(f"what is applied differs from the manifests: {difference.stdout[:1500]}{difference.stderr[:500]}")
    wrong, tried = accepted(cluster, documents)
    found += wrong
    found += drained(cluster)
    print(f"{overlay}: {len(documents)} objects, {len(pods)} pods, {tried} wrong manifests refused, {len(found)} problems", flush=True)
    return found


def accepted(cluster, documents):
    """Wrong manifests that the API server does not refuse by the words of a rule, and how many were tried."""
    found, cases = [], refused.cases(documents)
    for what, document, change, words in cases:
        wrong = copy.deepcopy(document)
        change(wrong)
        done = cluster.apply([wrong], "--dry-run=server", check=False)
        if done.returncode == 0 or words not in done.stderr:
            found.append(f"{what} was not refused: {done.stdout}{done.stderr}")
    return found, len(cases)


def minimums(documents):
    """The HPAs that KEDA would make: without metrics they keep the minimum."""
    for scaler in World(documents).of("ScaledObject"):
        spec = scaler["spec"]
        metric = {"type": "External", "external": {"metric": {"name": "keda"}, "target": {"type": "AverageValue", "averageValue": "1"}}}
        yield {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
               "metadata": {"name": f"keda-hpa-{scaler['metadata']['name']}", "namespace": "vru-detection"},
               "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": spec["scaleTargetRef"]["name"]},
                        "minReplicas": spec["minReplicaCount"], "maxReplicas": spec["maxReplicaCount"], "metrics": [metric]}}


def settled(cluster):
    """Every claim has a volume, every scaler its minimum, every pod runs, every Job is done."""
    for claim in cluster.get("persistentvolumeclaims", "--all-namespaces"):
        if claim["status"]["phase"] == "Pending" and not claim["spec"].get("volumeName"):
            cluster.apply([volume_for(claim)])
    pods = cluster.get("pods", *NAMESPACE)
    wanted = {hpa["spec"]["scaleTargetRef"]["name"]: hpa["spec"]["minReplicas"] for hpa in cluster.get("hpa", *NAMESPACE)}
    for deployment in cluster.get("deployments", *NAMESPACE):
        status, replicas = deployment.get("status", {}), deployment["spec"]["replicas"]
        if replicas < wanted[deployment["metadata"]["name"]] or status.get("availableReplicas", 0) != replicas or status.get("updatedReplicas") != replicas:
            return False
    jobs = all(job.get("status", {}).get("succeeded") for job in cluster.get("jobs", *NAMESPACE))
    return jobs and bool(pods) and all(pod["status"]["phase"] in ("Running", "Succeeded") for pod in pods)


def volume_for(claim):
    metadata, spec = claim["metadata"], claim["spec"]
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"{metadata['namespace']}-{metadata['name']}"},
            "spec": {"capacity": spec["resources"]["requests"], "accessModes": spec["accessModes"], "storageClassName": spec.get("storageClassName", ""),
                     "hostPath": {"path": "/nowhere"},
                     "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": metadata["namespace"], "name": metadata["name"]}}}


def placed(cluster, pods):
    found, zones = [], {}
    node_zone = {node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in cluster.get("nodes")}
    for pod in pods:
        if pod["status"]["phase"] != "Running":
            continue
        name, node = pod["metadata"]["labels"]["app.kubernetes.io/name"], pod["spec"]["nodeName"]
        zones.setdefault(name, Counter())[node_zone[node]] += 1
        gpu = any("nvidia.com/gpu" in container["resources"].get("limits", {}) for container in pod["spec"]["containers"])
        if gpu != node.startswith("gpu-"):
            found.append(f"{pod['metadata']['name']} {'asks for a GPU' if gpu else 'asks for no GPU'} and is on {node}")
    for name, count in zones.items():
        everywhere = [count[zone] for zone in set(node_zone.values())]
        if max(everywhere) - min(everywhere) > 1:
            found.append(f"{name} is not spread over the zones: {dict(count)}")
    return found


def drained(cluster):
    """Drains a node of each kind; meanwhile no workload has fewer available replicas than its budget allows."""
    found, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            for budget in cluster.get("pdb", *NAMESPACE):
                status = budget["status"]
                if status["currentHealthy"] < status["desiredHealthy"]:
                    found.append(f"{budget['metadata']['name']} had {status['currentHealthy']} healthy pods, and its budget asks for {status['desiredHealthy']}")
            time.sleep(0.3)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for node in ("general-a-0", "general-b-0", "gpu-c"):
            before = [pod for pod in cluster.get("pods", *NAMESPACE, f"--field-selector=spec.nodeName={node},status.phase=Running")]
            done = subprocess.run([BIN / "kubectl", "--kubeconfig", cluster.config, "drain", node, "--delete-emptydir-data", "--ignore-daemonsets",
                                   "--timeout=150s"], capture_output=True, text=True, timeout=200)
            if done.returncode != 0:
                found.append(f"{node} cannot be drained: {done.stderr[-1500:]}")
            left = cluster.get("pods", *NAMESPACE, f"--field-selector=spec.nodeName={node},status.phase=Running")
            if left:
                found.append(f"{node} is drained and still has {[pod['metadata']['name'] for pod in left]} of {len(before)} pods")
            cluster.until(f"the pods of {node} run elsewhere", lambda: settled(cluster))
    finally:
        stop.set()
        watching.join()
    return sorted(set(found))


if __name__ == "__main__":
    sys.exit(main())
