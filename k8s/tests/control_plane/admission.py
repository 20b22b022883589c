"""What the API server must refuse: wrong manifests by our policies or by the definitions of controllers, and pods that break Pod Security's
`restricted`."""

import copy
import time
from concurrent.futures import ThreadPoolExecutor

import refused
import schemas
import wrong
from cluster import NAMESPACE
from world import World

POLICY = "ValidatingAdmissionPolicy"
NAMESPACES = (NAMESPACE, "monitoring")
# What the API server says of an object that its definition does not allow.
REASONS = ("field not declared in schema", "must be of type", "expected numeric", "Unsupported value")
RESTRICTED = 'violates PodSecurity "restricted:latest"'


def by_policies(cluster, documents):
    """Wrong manifests that pass, as new objects and as changes of those that are there; and how many were tried."""
    cases = [(what, document, change, words, suffix) for what, document, change, words in refused.cases(documents) for suffix in ("", "-new")]
    with ThreadPoolExecutor(4) as threads:
        found = [problem for problem in threads.map(lambda case: passed(cluster, *case), cases) if problem]
    for document in {id(case[1]): case[1] for case in cases}.values():
        # What is right is not refused, or the above would show nothing.
        cluster.apply([document], "--dry-run=server")
    return found + list(ill_typed(cluster)), len(cases)


def passed(cluster, what, document, change, words, suffix):
    wrong = copy.deepcopy(document)
    change(wrong)
    wrong["metadata"]["name"] += suffix
    done = cluster.apply([wrong], "--dry-run=server", check=False)
    if done.returncode == 0 or POLICY not in done.stderr or words not in done.stderr:
        return f"{what} ({'a new object' if suffix else 'a change'}) was not refused by its policy: {done.stdout}{done.stderr[-500:]}"
    return None


def by_definitions(cluster, documents):
    """Mistakes in objects of Strimzi and CloudNativePG that pass, and how many were tried: none where the overlay has no such objects."""
    if not World(documents).of("Kafka"):
        return [], 0
    found = []
    mistakes = [(what, change) for what, change, check, _ in wrong.IN_CLUSTER if check is schemas]
    for what, change in mistakes:
        world = World(copy.deepcopy(documents))
        change(world)
        done = cluster.apply([document for document in world.documents if document not in documents], "--dry-run=server", check=False)
        if done.returncode == 0 or not any(reason in done.stderr for reason in REASONS):
            found.append(f"{what} was not refused by its definition: {done.stdout}{done.stderr[-500:]}")
    return found, len(mistakes)


def ill_typed(cluster):
    """What the API server says of the policies' expressions: a field that no object has makes a rule that never holds."""
    for policy in cluster.get("validatingadmissionpolicies"):
        for warning in policy["status"].get("typeChecking", {}).get("expressionWarnings", []):
            yield f"policy {policy['metadata']['name']}: {warning['fieldRef']}: {warning['warning'][:300]}"


def wait_for_policies(cluster, documents):
    """The API server uses a new policy within seconds, and has checked the types of its expressions soon after."""
    first = refused.cases(documents)[0]
    cluster.until("the policies are used", lambda: passed(cluster, *first, "") or True)
    cluster.until("the policies are checked", lambda: all(policy.get("status", {}).get("observedGeneration") == policy["metadata"]["generation"]
                                                          for policy in cluster.get("validatingadmissionpolicies")) or "some are not")


def pod():
    """A pod that `restricted` admits."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"test-{time.monotonic_ns()}"}, "spec": {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "test", "image": "test@sha256:" + "0" * 64, "securityContext": {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}]}}


def container(each):
    return each["spec"]["containers"][0]


BREAKS = {
    "root": lambda each: each["spec"]["securityContext"].update(runAsUser=0),
    "no runAsNonRoot": lambda each: each["spec"]["securityContext"].pop("runAsNonRoot"),
    "no seccomp profile": lambda each: each["spec"]["securityContext"].pop("seccompProfile"),
    "a privileged container": lambda each: container(each).update(securityContext={"privileged": True}),
    "escalation": lambda each: container(each)["securityContext"].pop("allowPrivilegeEscalation"),
    "kept capabilities": lambda each: container(each)["securityContext"].pop("capabilities"),
    "the network of the node": lambda each: each["spec"].update(hostNetwork=True),
    "the processes of the node": lambda each: each["spec"].update(hostPID=True),
    "a folder of the node": lambda each: each["spec"].update(volumes=[{"name": "node", "hostPath": {"path": "/"}}]),
    "a port of the node": lambda each: container(each).update(ports=[{"containerPort": 80, "hostPort": 80}]),
}


def by_pod_security(cluster):
    """Pods that break `restricted` and pass, and how many were tried."""
    found = []
    for namespace in NAMESPACES:
        done = create(cluster, namespace, pod())
        if done.returncode != 0:
            found.append(f"{namespace}: a pod as it should be was refused: {done.stderr}")
        for what, change in BREAKS.items():
            wrong = pod()
            change(wrong)
            done = create(cluster, namespace, wrong)
            if done.returncode == 0 or RESTRICTED not in done.stderr:
                found.append(f"{namespace}: a pod with {what} was not refused by Pod Security: {done.stdout}{done.stderr[-300:]}")
    return found, len(NAMESPACES) * len(BREAKS)


def create(cluster, namespace, wrong):
    return cluster.apply([wrong], "--namespace", namespace, "--dry-run=server", check=False)
