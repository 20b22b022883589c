"""What stands in for the controllers of a cluster: their definitions are theirs, and what they make is made here.

External Secrets, cert-manager, Strimzi and CloudNativePG make Secrets; a CSI driver makes volumes; KEDA makes HPAs, which keep the minimum
here, since nothing gives them metrics; Karpenter makes nodes with GPUs, which are there from the start. The pods of Strimzi,
CloudNativePG and the Prometheus Operator do not exist here."""

import base64

from cluster import NAMESPACE
from schemas import definitions
from world import World

METRIC = {"type": "External", "external": {"metric": {"name": "keda"}, "target": {"type": "AverageValue", "averageValue": "1"}}}


def install(cluster, documents):
    cluster.kubectl("apply", "--server-side", "-f", "-", text="\n---\n".join(definitions()))
    cluster.kubectl("wait", "--for=condition=established", "crd", "--all", "--timeout=120s")
    if "vru-shared" not in {document["metadata"]["name"] for document in World(documents).of("StorageClass")}:
        cluster.apply([{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "vru-shared"}, "provisioner": "vru.test"}])


def reconcile(cluster, documents):
    """What the controllers make once the manifests are applied."""
    cluster.apply([*secrets(World(documents)), *minimums(World(documents))])


def secrets(world):
    value = base64.b64encode(b"for a test").decode()
    for name in sorted({name for name, _ in named_secrets(world)}):
        keys = world.secret_keys(name)
        if keys:
            yield {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "data": dict.fromkeys(keys, value)}


def named_secrets(world):
    """Name of each Secret that a pod uses, and whether the pod starts without it."""
    for _, _, template in world.workloads():
        yield from secrets_of(template["spec"])


def secrets_of(spec):
    for volume in spec.get("volumes", []):
        if "secret" in volume:
            yield volume["secret"]["secretName"], volume["secret"].get("optional", False)
        for source in volume.get("projected", {}).get("sources", []):
            if "secret" in source:
                yield source["secret"]["name"], source["secret"].get("optional", False)
    for container in spec["containers"] + spec.get("initContainers", []):
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield reference["name"], reference.get("optional", False)


def minimums(world):
    for scaler in world.of("ScaledObject"):
        spec = scaler["spec"]
        yield {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
               "metadata": {"name": f"keda-hpa-{scaler['metadata']['name']}", "namespace": NAMESPACE},
               "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": spec["scaleTargetRef"]["name"]},
                        "minReplicas": spec["minReplicaCount"], "maxReplicas": spec["maxReplicaCount"], "metrics": [METRIC]}}


def volumes(cluster):
    """A volume for each claim that waits for one."""
    found = [volume(claim) for claim in cluster.get("persistentvolumeclaims", "--all-namespaces")
             if claim["status"]["phase"] == "Pending" and not claim["spec"].get("volumeName")]
    if found:
        cluster.apply(found)


def volume(claim):
    metadata, spec = claim["metadata"], claim["spec"]
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"{metadata['namespace']}-{metadata['name']}"},
            "spec": {"capacity": spec["resources"]["requests"], "accessModes": spec["accessModes"], "storageClassName": spec.get("storageClassName", ""),
                     "hostPath": {"path": "/nowhere"},
                     "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": metadata["namespace"], "name": metadata["name"]}}}
