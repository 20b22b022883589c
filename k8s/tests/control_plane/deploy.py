"""An overlay as somebody deploys it (docs/deploy.md): digests by `kustomize edit set image`, then `kubectl apply --server-side -k`."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import yaml

from cluster import NAMESPACE
from nodes import HELD
from render import CACHE, ROOT

# What docs/deploy.md waits for, and deletes before the next version.
JOBS = ("job/migrate", "job/model")
OURS = "app.kubernetes.io/part-of in (vru, vru-data)"


class Release:
    """One version of an overlay, in a copy of `k8s/`."""

    def __init__(self, cluster, overlay, version, held=False):
        self.cluster = cluster
        copy = cluster.folder / f"{overlay}-{version}"
        shutil.copytree(ROOT / "k8s", copy, ignore=shutil.ignore_patterns("tests"))
        # Components take dashboards and configurations from there.
        shutil.copytree(ROOT / "observability", copy.parent / "observability", ignore=shutil.ignore_patterns("tests", "build", "__pycache__"), dirs_exist_ok=True)
        self.folder = copy / "overlays" / overlay
        self.set_digests(version)
        if held:
            self.hold()

    def set_digests(self, version):
        images = yaml.safe_load(self.kustomization().read_text())["images"]
        digests = [f"{image['name']}={image['newName']}@sha256:{hashlib.sha256((image['name'] + version).encode()).hexdigest()}" for image in images]
        self.run(CACHE / "bin/kustomize", "edit", "set", "image", *digests)

    def hold(self):
        """The pods that need the database, and the migrations, do not become ready before `release`."""
        annotation = [{"op": "add", "path": "/spec/template/metadata/annotations", "value": {HELD: "true"}}]
        self.patch(annotation, {"kind": "Deployment", "name": "(api|webhooks|sink-postgres)"})
        self.patch(annotation, {"kind": "Job", "name": "migrate"})

    def patch(self, patch, target):
        text = yaml.safe_load(self.kustomization().read_text())
        text.setdefault("patches", []).append({"patch": yaml.safe_dump(patch), "target": target})
        self.kustomization().write_text(yaml.safe_dump(text))

    def kustomization(self):
        return Path(self.folder) / "kustomization.yaml"

    def run(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr}")
        return done.stdout

    def documents(self):
        return [each for each in yaml.safe_load_all(self.run(CACHE / "bin/kustomize", "build", ".")) if each]

    def apply(self, *arguments, check=True):
        """A warning is an error: Pod Security only warns about Deployments whose pods it refuses."""
        return self.cluster.kubectl("apply", "--server-side", "--warnings-as-errors", "-k", self.folder, *arguments, check=check)

    def difference(self):
        """What `kubectl diff` says; nothing, if the cluster has what the manifests say."""
        done = self.cluster.kubectl("diff", "--server-side", "--force-conflicts", "-k", self.folder, check=False)
        return done.stdout + done.stderr if done.returncode else ""

    def delete_jobs(self):
        self.cluster.kubectl("delete", "job", "--namespace", NAMESPACE, "--selector", OURS)

    def release(self, kind):
        """Lets the pods of a Job or of Deployments become ready."""
        for pod in self.cluster.get("pods"):
            made_by = pod["metadata"]["ownerReferences"][0]["kind"]
            if HELD in pod["metadata"].get("annotations", {}) and made_by == kind:
                self.cluster.kubectl("annotate", "pod", pod["metadata"]["name"], "--namespace", NAMESPACE, f"{HELD}-")
