#!/usr/bin/env python3
"""Parts of a release, which `deploy.sh` applies one after another.

  parts.py overlay OVERLAY IMAGES FOLDER   writes a kustomization over OVERLAY with the digests of IMAGES
  parts.py checked RENDERED                everything that the server can check before anything changes: no Jobs, which are immutable
  parts.py job NAME RENDERED               a Job with what it refers to
  parts.py canary RENDERED NAME…           one pod of the new version for each Deployment NAME, beside those of the old one
"""

import copy
import os
import re
import sys
from pathlib import Path

import yaml

IMAGE = re.compile(r"^(?P<name>[a-z-]+) (?P<place>\S+)@(?P<digest>sha256:[0-9a-f]{64})$")
TRACK = "vru-detection.com/track"


def images(text):
    """Name → place and digest, of the file that `images.sh` writes."""
    found = {}
    for line in text.splitlines():
        match = IMAGE.match(line)
        if not match:
            raise SystemExit(f"parts: {line!r} is not NAME PLACE@sha256:DIGEST")
        found[match["name"]] = (match["place"], match["digest"])
    return found


def overlay(folder, built, target):
    """A kustomization that gives the images of an overlay their places and digests. An image without one is an error, not an old image."""
    wanted = yaml.safe_load((Path(folder) / "kustomization.yaml").read_text())["images"]
    changed = []
    for image in wanted:
        name = image["name"].removeprefix("vru-")
        if name in built:
            changed.append({"name": image["newName"], "newName": built[name][0], "digest": built[name][1]})
        elif image["name"].startswith("vru-"):
            raise SystemExit(f"parts: {folder} needs the image {name}, which was not built")
    target = Path(target)
    target.mkdir(parents=True, exist_ok=True)
    whole = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [os.path.relpath(folder, target)], "images": changed}
    (target / "kustomization.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))


def objects(path):
    return [document for document in yaml.safe_load_all(Path(path).read_text()) if document]


def references(pod):
    """The ConfigMaps that a pod reads."""
    for container in pod["containers"] + pod.get("initContainers", []):
        for source in container.get("envFrom", []):
            yield source.get("configMapRef", {}).get("name")
        for variable in container.get("env", []):
            yield variable.get("valueFrom", {}).get("configMapKeyRef", {}).get("name")
    for volume in pod.get("volumes", []):
        yield volume.get("configMap", {}).get("name")
        for source in volume.get("projected", {}).get("sources", []):
            yield source.get("configMap", {}).get("name")


def with_references(documents, chosen):
    """The ConfigMaps of the chosen workloads, and these. The names of ConfigMaps have a hash of their content: nothing that runs changes."""
    needed = {(each["metadata"]["namespace"], name) for each in chosen for name in references(each["spec"]["template"]["spec"]) if name}
    maps = [each for each in documents if each["kind"] == "ConfigMap" and (each["metadata"]["namespace"], each["metadata"]["name"]) in needed]
    return maps + chosen


def checked(documents):
    return [document for document in documents if document["kind"] != "Job"]


def job(documents, name):
    found = [document for document in documents if document["kind"] == "Job" and document["metadata"]["name"] == name]
    if not found:
        raise SystemExit(f"parts: there is no Job {name}")
    return with_references(documents, found)


def canary(documents, names):
    """Services, network policies, budgets and monitors choose pods by their name, so they have the canary, too; autoscalers do not make more of it."""
    made = []
    for document in documents:
        if document["kind"] != "Deployment" or document["metadata"]["name"] not in names:
            continue
        one = copy.deepcopy(document)
        one["metadata"]["name"] += "-canary"
        for labels in (one["metadata"]["labels"], one["spec"]["selector"]["matchLabels"], one["spec"]["template"]["metadata"]["labels"]):
            labels[TRACK] = "canary"
        one["spec"]["replicas"] = 1
        made.append(one)
    return with_references(documents, made)


def main(arguments):
    match arguments:
        case ["overlay", folder, built, target]:
            return overlay(folder, images(Path(built).read_text()), target)
        case ["checked", rendered]:
            chosen = checked(objects(rendered))
        case ["job", name, rendered]:
            chosen = job(objects(rendered), name)
        case ["canary", rendered, *names]:
            chosen = canary(objects(rendered), names)
        case _:
            raise SystemExit(__doc__)
    print(yaml.safe_dump_all(chosen, sort_keys=False))


if __name__ == "__main__":
    main(sys.argv[1:])
