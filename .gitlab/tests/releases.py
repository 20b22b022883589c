"""What deploy.sh makes of the manifests: digests by kustomize, and a canary that the policies of the cluster accept and that gets its share."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pipeline
import yaml

# Last, so that no name there hides one of ours.
sys.path.append(str(pipeline.ROOT / "k8s/tests"))
sys.path.append(str(pipeline.ROOT / "scripts/ci"))

import parts  # noqa: E402
import policies  # noqa: E402
import references  # noqa: E402
import schemas  # noqa: E402
from render import OVERLAYS, pod_of  # noqa: E402
from world import World  # noqa: E402

BUILT = {name: (f"registry.test/vru/{name}", "sha256:" + f"{number:x}" * 64)
         for number, name in enumerate(["api", "web", "ingest", "infer", "infer-gpu", "sink", "migrate", "collector"], 1)}


def rendered(overlay, folder):
    """The overlay with digests, as deploy.sh applies it. It must lie in the repository: kustomize knows relative paths only."""
    parts.overlay(pipeline.ROOT / "k8s/overlays" / overlay, BUILT, folder)
    done = subprocess.run([pipeline.CACHE / "bin/kustomize", "build", folder], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"kustomize cannot render the release of {overlay}: {done.stderr}")
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def problems():
    found = []
    (pipeline.ROOT / "target").mkdir(exist_ok=True)
    for overlay in OVERLAYS:
        with tempfile.TemporaryDirectory(dir=pipeline.ROOT / "target") as folder:
            documents = rendered(overlay, Path(folder))
        found += [f"release of {overlay}: {problem}" for problem in digests(documents) + canaries(documents) + jobs(documents)]
    return found + refused() + mistakes(documents)


def images(documents):
    for document in documents:
        pod = pod_of(document)
        for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []) if pod else []:
            yield document["metadata"]["name"], container["image"]


def digests(documents):
    ours = {f"{place}@{digest}" for place, digest in BUILT.values()}
    # Redis is nobody's build; its digest is the operator's.
    return [f"{name}: its image {image} is not one that was built" for name, image in images(documents)
            if image not in ours and "/redis" not in image]


def canaries(documents, mistake=None):
    names = [document["metadata"]["name"] for document in documents if document["kind"] == "Deployment"]
    made = parts.canary(documents, names)
    if mistake:
        mistake(next(each for each in made if each["metadata"]["name"] == "api-canary"))
    found = []
    deployments = {document["metadata"]["name"]: document for document in made if document["kind"] == "Deployment"}
    if set(deployments) != {f"{name}-canary" for name in names}:
        found.append(f"the canaries are {sorted(deployments)}")
    # As the cluster is while a canary runs: what was there, and the canary.
    world = World(documents + [document for document in made if document["kind"] == "Deployment"])
    found += [f"{document['metadata']['name']}: a policy refuses it: {said}" for document in made for said in policies.refusals(world, document)]
    found += schemas.problems(World(made))
    for name, canary in deployments.items():
        stable = world.find("Deployment", name.removesuffix("-canary"))
        labels = canary["spec"]["template"]["metadata"]["labels"]
        old = stable["spec"]["template"]["metadata"]["labels"]
        for service in world.of("Service"):
            selector = {"matchLabels": service["spec"].get("selector") or {"": ""}}
            if references.selects(selector, old) != references.selects(selector, labels):
                found.append(f"{name}: Service/{service['metadata']['name']} selects one of it and of the old pods")
        if references.selects(canary["spec"]["selector"], old):
            found.append(f"{name}: it selects the pods of the old version")
        if not references.selects(canary["spec"]["selector"], labels):
            found.append(f"{name}: it does not select its own pods")
        if canary["spec"]["replicas"] != 1:
            found.append(f"{name}: it has {canary['spec']['replicas']} replicas")
    found += [problem for problem in references.budgets(world, [(n, d, p["metadata"]["labels"], p["spec"]) for n, d, p in world.workloads()])]
    unexpected = {document["kind"] for document in made} - {"Deployment", "ConfigMap"}
    return found + [f"a canary changes a {kind}" for kind in sorted(unexpected)]


def jobs(documents):
    made = parts.job(documents, "migrate")
    kinds = sorted(document["kind"] for document in made)
    whole = kinds.count("Job") == 1 and set(kinds) == {"Job", "ConfigMap"}
    return [] if whole else [f"the migrations are {kinds}"]


def refused():
    """What parts.py must refuse."""
    staging = pipeline.ROOT / "k8s/overlays/staging"
    cases = [
        ("an image by tag", lambda: parts.images("api registry.test/vru/api:1"), "is not NAME PLACE"),
        ("a digest that is cut off", lambda: parts.images("api registry.test/vru/api@sha256:12"), "is not NAME PLACE"),
        ("an image that was not built", lambda: parts.overlay(staging, {"api": BUILT["api"]}, "/nowhere"), "was not built"),
        ("a Job that does not exist", lambda: parts.job([], "migrate"), "there is no Job migrate"),
    ]
    found = []
    for what, call, words in cases:
        try:
            call()
            found.append(f"parts.py accepts {what}")
        except SystemExit as error:
            if words not in str(error):
                found.append(f"parts.py refuses {what} with other words: {error}")
    return found


def mistakes(documents):
    """Wrong canaries, each of which must be found by its words."""
    def template(canary):
        return canary["spec"]["template"]

    cases = [
        ("one that owns the old pods", lambda canary: canary["spec"]["selector"]["matchLabels"].pop(parts.TRACK), "it selects the pods of the old version"),
        ("one without its own pods", lambda canary: template(canary)["metadata"]["labels"].pop(parts.TRACK), "it does not select its own pods"),
        ("one that no Service selects", lambda canary: template(canary)["metadata"]["labels"].update({"app.kubernetes.io/name": "new"}), "selects one of"),
        ("one without a budget", lambda canary: template(canary)["metadata"]["labels"].update({"app.kubernetes.io/name": "new"}), "has 0 PodDisruption"),
        ("three at once", lambda canary: canary["spec"].update(replicas=3), "it has 3 replicas"),
        ("one by its tag", lambda canary: template(canary)["spec"]["containers"][0].update(image="registry.test/vru/api:1"), "by digest only"),
    ]
    found = []
    for what, mistake, words in cases:
        said = canaries(documents, mistake)
        if not any(words in problem for problem in said):
            found.append(f"a wrong canary is not found, {what}: {said[:3]}")
    return found
