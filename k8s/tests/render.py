"""Renders overlays with kustomize, and gives images the digests that a pipeline would."""

import hashlib
import os
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("VRU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vru")
OVERLAYS = sorted(path.parent.name for path in (ROOT / "k8s/overlays").glob("*/kustomization.yaml"))


def render(overlay):
    """The objects of an overlay, as kustomize gives them."""
    command = [CACHE / "bin/kustomize", "build", ROOT / "k8s/overlays" / overlay]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0 or "deprecated" in done.stderr:
        raise SystemExit(f"kustomize cannot render {overlay}: {done.stderr}")
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def pod_of(document):
    """The pod's description in a Deployment, StatefulSet or Job; None in others."""
    if document["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
        return document["spec"]["template"]
    return None


def pin(documents):
    """Gives each image a digest that looks like one: the tests run no image."""
    for document in documents:
        pod = pod_of(document)
        for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []) if pod else []:
            if "@" not in container["image"]:
                container["image"] += "@sha256:" + hashlib.sha256(container["image"].encode()).hexdigest()
    return documents


def name_of(document):
    return f"{document['kind']}/{document['metadata']['name']}"
