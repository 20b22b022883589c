"""Whether everything runs, with everything that it names, and where."""

from collections import Counter

import controllers
from cluster import NAMESPACE, ready
from references import selects


def name_of_app(pod):
    return pod["metadata"]["labels"]["app.kubernetes.io/name"]


def settled(cluster):
    """True, or what is missing: volumes, replicas, ready pods, Jobs that are done."""
    controllers.volumes(cluster)
    least = {each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicas"] for each in cluster.get("hpa")}
    missing = []
    for workload in cluster.get("deployments") + cluster.get("statefulsets"):
        name, wanted, status = workload["metadata"]["name"], workload["spec"]["replicas"], workload.get("status", {})
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
        current = status.get("observedGeneration") == workload["metadata"]["generation"]
        if not current or wanted < least.get(name, 0) or counts != [wanted] * 4:
            missing.append(f"{name} has {counts[3]} of {max(wanted, least.get(name, 0))} replicas")
    missing += [f"Job {job['metadata']['name']} is not done" for job in cluster.get("jobs") if not job.get("status", {}).get("succeeded")]
    for each in cluster.get("daemonsets", "--all-namespaces"):
        counts = [each.get("status", {}).get(key, 0) for key in ("desiredNumberScheduled", "numberAvailable")]
        if counts[0] != counts[1] or not counts[0]:
            missing.append(f"{each['metadata']['name']} is on {counts[1]} of {counts[0]} nodes")
    missing += [problem for pod in cluster.get("pods", "--all-namespaces") if (problem := waits(pod))]
    return "; ".join(missing) or True


def waits(pod):
    if pod["status"]["phase"] == "Succeeded" or ready(pod) and "deletionTimestamp" not in pod["metadata"]:
        return None
    reasons = [condition.get("message", "") for condition in pod["status"].get("conditions", []) if condition["status"] == "False"]
    return f"pod {pod['metadata']['name']} is {pod['status']['phase']} {' '.join(reasons)}"


def misplaced(cluster):
    """Pods with a GPU are on nodes with GPUs, no others are; replicas are spread over the zones, and over nodes where that is asked for."""
    found, zones, hosts = [], {}, {}
    zone_of = {node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in cluster.get("nodes")}
    for pod in running(cluster):
        app, node = name_of_app(pod), pod["spec"]["nodeName"]
        zones.setdefault(app, Counter())[zone_of[node]] += 1
        hosts.setdefault(app, []).append(node)
        gpu = any("nvidia.com/gpu" in container["resources"].get("limits", {}) for container in pod["spec"]["containers"])
        if gpu != node.startswith("gpu-"):
            found.append(f"{pod['metadata']['name']} asks for {'a' if gpu else 'no'} GPU and is on {node}")
        if pod["spec"].get("affinity", {}).get("podAntiAffinity") and hosts[app].count(node) > 1:
            found.append(f"{node} has two pods of {app}")
    for app, count in zones.items():
        everywhere = [count[zone] for zone in set(zone_of.values())]
        if max(everywhere) - min(everywhere) > 1:
            found.append(f"{app} is not spread over the zones: {dict(count)}")
    return found


def without_zone(cluster):
    """Pods that ask for a label of their node by the downward API, and do not get the node's."""
    labels_of = {node["metadata"]["name"]: node["metadata"]["labels"] for node in cluster.get("nodes")}
    found, asked = [], 0
    for pod in running(cluster):
        for variable in pod["spec"]["containers"][0].get("env", []):
            path = variable.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", "")
            label = path.removeprefix("metadata.labels['").removesuffix("']")
            if label == path:
                continue
            asked += 1
            here, there = (labels.get(label) for labels in (pod["metadata"]["labels"], labels_of[pod["spec"]["nodeName"]]))
            if here is None or here != there:
                found.append(f"{pod['metadata']['name']}: {variable['name']} is {here!r}, and {label} of its node is {there!r}")
    return found if asked else ["no pod asks for its zone"]


def running(cluster):
    return [pod for pod in cluster.get("pods") if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]]


def missing_parts(cluster):
    """What pods name and the cluster does not have: a kubelet would not start them."""
    there = {kind: {each["metadata"]["name"]: each for each in cluster.get(kind)} for kind in ("secrets", "configmaps", "persistentvolumeclaims")}
    found = set()
    for pod in cluster.get("pods"):
        app = name_of_app(pod)
        for name, optional in controllers.secrets_of(pod["spec"]):
            if name not in there["secrets"] and not optional:
                found.add(f"{app}: there is no Secret {name}")
        for name in config_maps_of(pod["spec"]):
            if name not in there["configmaps"]:
                found.add(f"{app}: there is no ConfigMap {name}")
        for volume in pod["spec"].get("volumes", []):
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and there["persistentvolumeclaims"][claim]["status"]["phase"] != "Bound":
                found.add(f"{app}: the claim {claim} has no volume")
    return sorted(found)


def config_maps_of(spec):
    yield from (volume["configMap"]["name"] for volume in spec.get("volumes", []) if "configMap" in volume)
    for container in spec["containers"]:
        yield from (source["configMapRef"]["name"] for source in container.get("envFrom", []) if "configMapRef" in source)


def without_network_policy(cluster):
    """Pods that no NetworkPolicy selects would reach everything. Nothing enforces them here; a selector that selects nothing is a mistake."""
    policies = cluster.get("networkpolicies")
    found = []
    for pod in running(cluster):
        selecting = {each["metadata"]["name"] for each in policies if selects(each["spec"]["podSelector"], pod["metadata"]["labels"])}
        if not {"default-deny"} <= selecting:
            found.append(f"{pod['metadata']['name']} is not under default-deny in {NAMESPACE}")
    return found
