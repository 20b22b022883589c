"""kube-score, checkov and hadolint. Each skip has its reason."""

import json
import subprocess
import tempfile
from pathlib import Path

import yaml

from render import CACHE, OVERLAYS, ROOT, pin, render

KUBE_SCORE = {
    "container-image-pull-policy": "images are named by digest, which never means another image",
    "deployment-replicas": "autoscalers decide it; they have two at least",
    "networkpolicy-targets-pod": "pods of operators (CloudNativePG, Strimzi, Prometheus) are not among the manifests",
    "pod-probes-identical": "Redis is ready when it takes connections, which is all that can be asked of it without its password",
    "deployment-has-host-podantiaffinity": "topology spread constraints do it, over zones first",
}
CHECKOV = {
    "CKV_K8S_35": "Redis takes its password from a variable only; everything else reads files",
}

USED = set()


def problems():
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for overlay in OVERLAYS:
            path = Path(folder) / f"{overlay}.yaml"
            path.write_text(yaml.safe_dump_all(pin(render(overlay))))
            found += [f"{overlay}: kube-score: {problem}" for problem in kube_score(path)]
            found += [f"{overlay}: checkov: {problem}" for problem in checkov(path)]
    for unused in {**KUBE_SCORE, **CHECKOV}.keys() - USED:
        found.append(f"linters.py skips {unused}, which finds nothing")
    return found + [f"hadolint: {line}" for line in hadolint()]


def kube_score(path):
    command = [CACHE / "bin/kube-score", "score", "--output-format", "json", "--enable-optional-test", "container-seccomp-profile", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    for thing in json.loads(done.stdout or "null") or []:
        for check in thing["checks"]:
            # 1 is critical, 5 a warning, 10 fine.
            if not check["skipped"] and check["grade"] < 10 and not skipped(KUBE_SCORE, check["check"]["id"]):
                comments = "; ".join(f"{each['path']} {each['summary']}" for each in check.get("comments") or [])
                yield f"{thing['object_name']}: {check['check']['id']}: {comments}"


def checkov(path):
    command = [CACHE / "venv-checkov/bin/checkov", "--file", path, "--framework", "kubernetes", "--output", "json", "--quiet", "--compact",
               "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    report = json.loads(done.stdout)
    for failed in report.get("results", {}).get("failed_checks", []):
        if not skipped(CHECKOV, failed["check_id"]):
            yield f"{failed['resource']}: {failed['check_id']}: {failed['check_name']}"


def skipped(reasons, check, used=USED):
    used.update({check} & reasons.keys())
    return check in reasons


def hadolint():
    command = [CACHE / "venv-manifests/bin/hadolint", "--no-color", ROOT / "images/Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []
