"""Manifests that the API server must refuse, and the words with which it does."""


def container(document):
    return document["spec"]["template"]["spec"]["containers"][0]


def spec(document):
    return document["spec"]["template"]["spec"]


def by_tag(document):
    container(document)["image"] = "registry.vru-detection.com/vru/api:1.0"


def as_root(document):
    spec(document)["securityContext"].update(runAsNonRoot=False, runAsUser=0)
    container(document)["securityContext"].update(runAsNonRoot=False, runAsUser=0)


def token_volume(document):
    spec(document)["volumes"].append({"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}})


# What is done to the Deployment `api`, and what the refusal says.
DEPLOYMENTS = [
    ("an image by its tag", by_tag, "by digest only"),
    ("root", as_root, "a user that is not root"),
    ("a root file system that is written", lambda d: container(d)["securityContext"].update(readOnlyRootFilesystem=False), "root file system is read-only"),
    ("a capability", lambda d: container(d)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]), "have no privileges"),
    ("escalation", lambda d: container(d)["securityContext"].update(allowPrivilegeEscalation=True), "have no privileges"),
    ("no limit of memory", lambda d: container(d)["resources"]["limits"].pop("memory"), "requests and limits"),
    ("no request of cpu", lambda d: container(d)["resources"]["requests"].pop("cpu"), "requests and limits"),
    ("a token of the API server", lambda d: spec(d).update(automountServiceAccountToken=True), "no token of the API server"),
    ("a token in a volume", token_volume, "no token of the API server"),
    ("a folder of the node", lambda d: spec(d)["volumes"].append({"name": "node", "hostPath": {"path": "/"}}), "no folder and no network"),
    ("the network of the node", lambda d: spec(d).update(hostNetwork=True), "no folder and no network"),
    ("no readiness probe", lambda d: container(d).pop("readinessProbe"), "a startup, a liveness and a readiness probe"),
    ("liveness that asks /ready", lambda d: container(d)["livenessProbe"]["httpGet"].update(path="/ready"), "liveness asks /health"),
    ("no time to drain", lambda d: spec(d).update(terminationGracePeriodSeconds=25), "leaves 20 s and more after preStop"),
    ("a GPU without a toleration", lambda d: container(d)["resources"]["limits"].update({"nvidia.com/gpu": 1}), "tolerate the taint"),
]


def admin_door(service):
    service["spec"].update(type="LoadBalancer", ports=[{"name": "admin", "port": 8001, "targetPort": "admin"}])


def cases(documents):
    """What it is, what it is made of, the mistake, and the words of the rule."""
    deployment = next(d for d in documents if d["kind"] == "Deployment" and d["metadata"]["name"] == "api")
    service = next(d for d in documents if d["kind"] == "Service" and d["metadata"]["name"] == "infer")
    return [(what, deployment, change, words) for what, change, words in DEPLOYMENTS] + [
        ("an admin port behind a load balancer", service, admin_door, "no Service of type LoadBalancer")]
