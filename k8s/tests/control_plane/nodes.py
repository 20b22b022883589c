"""The nodes: in each of three zones three without and two with a GPU. kwok plays their kubelets; it runs no container."""

import yaml

from schemas import archive

KWOK = "sigs.k8s.io/kwok@v0.8.0"
ZONES = ("a", "b", "c")
GENERAL_IN_ZONE, GPU_IN_ZONE = 3, 2
STAGES = ("stage/node/fast/node-initialize.yaml", "stage/node/heartbeat/node-heartbeat.yaml", "stage/pod/fast/pod-ready.yaml",
          "stage/pod/fast/pod-complete.yaml", "stage/pod/fast/pod-delete.yaml")
# A pod with this annotation does not become ready.
HELD = "vru.test/held"
# Long enough that the pods that replace evicted ones are missing for a while.
READY_AFTER_MS = 1000


def all_nodes():
    for zone in ZONES:
        for number in range(GENERAL_IN_ZONE):
            yield node(f"general-{zone}-{number}", zone)
        for number in range(GPU_IN_ZONE):
            yield node(f"gpu-{zone}-{number}", zone, gpu=True)


def in_zone(zone):
    return [each["metadata"]["name"] for each in all_nodes() if each["metadata"]["labels"]["topology.kubernetes.io/zone"].endswith(zone)]


def drained_together():
    """One node of each kind in each zone: more than an upgrade of the nodes replaces at once, so that budgets have something to refuse."""
    for kind in ("general", "gpu"):
        yield [f"{kind}-{zone}-0" for zone in ZONES]


def node(name, zone, gpu=False):
    size = {"cpu": "32", "memory": "128Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    labels = {"topology.kubernetes.io/zone": f"eu-central-1{zone}", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
              "kubernetes.io/arch": "amd64"}
    spec = {}
    if gpu:
        # As the component karpenter makes them: one GPU, a label and a taint.
        size["nvidia.com/gpu"] = "1"
        labels["nvidia.com/gpu.present"] = "true"
        spec["taints"] = [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "spec": spec, "status": {"allocatable": size, "capacity": size}}


def stages(folder):
    """A file with what kwok does with nodes and pods, out of its module; pods become ready late, or not while they are held."""
    found = []
    with archive(KWOK) as files:
        for name in STAGES:
            stage = yaml.safe_load(files.read(f"{KWOK}/kustomize/{name}"))
            if stage["metadata"]["name"] == "pod-ready":
                stage["spec"]["delay"] = {"durationMilliseconds": READY_AFTER_MS}
                stage["spec"]["selector"]["matchExpressions"].append({"key": f'.metadata.annotations["{HELD}"]', "operator": "DoesNotExist"})
            found.append(stage)
    path = folder / "stages.yaml"
    path.write_text(yaml.safe_dump_all(found))
    return path
