"""deploy.sh on a real API server with its controllers (k8s/tests/control_plane): releases, and each way in which one is taken back."""

import os
import shutil
import subprocess
import sys
import threading
import time

import pipeline
import yaml

for folder in ("k8s/tests", "k8s/tests/control_plane"):
    sys.path.append(str(pipeline.ROOT / folder))

import controllers  # noqa: E402
from cluster import Cluster, Failed  # noqa: E402
from nodes import HELD  # noqa: E402
from render import OVERLAYS, pin, render  # noqa: E402

OVERLAY = "production"
FOLDER = pipeline.ROOT / "target/release-tests"
CANARY = "vru-detection.com/track"
NAMES = ("api", "web", "ingest", "infer", "infer-gpu", "sink", "migrate", "collector")


def built(version):
    """The file that images.sh would record; the digest tells the version."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"images-{version}.txt"
    path.write_text("".join(f"{name} registry.test/vru/{name}@sha256:{version * 64}\n" for name in NAMES))
    return path


def overlay(name, *patches):
    """The environment with a change: a folder that deploy.sh takes in place of its name."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    base = pipeline.ROOT / "k8s/overlays" / OVERLAY
    images = yaml.safe_load((base / "kustomization.yaml").read_text())["images"]
    changes = [{"target": {"kind": kind, "name": target}, "patch": yaml.safe_dump([operation])} for kind, target, operation in patches]
    whole = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [os.path.relpath(base, folder)], "images": images,
             "patches": changes}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    return folder


def held(kind, name):
    """Its pods run and never become ready."""
    return kind, name, {"op": "add", "path": "/spec/template/metadata/annotations", "value": {HELD: "true"}}


class Deployment:
    """One run of deploy.sh, watched."""

    def __init__(self, cluster, what, version, **settings):
        self.cluster, self.canaries, self.endpoints = cluster, {}, set()
        environment = {**os.environ, "KUBECONFIG": str(cluster.config), "HOME": str(cluster.folder), "WAIT": "240", "SETTLE": "2", "INTERVAL": "1",
                       "PATH": f"{pipeline.CACHE / 'venv-manifests/bin'}:{pipeline.CACHE / 'bin'}:{os.environ['PATH']}", **settings}
        command = [pipeline.ROOT / "scripts/ci/deploy.sh", str(what), built(version)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watching = threading.Thread(target=self.watch)
        watching.start()
        self.said, _ = self.process.communicate(timeout=900)
        watching.join()
        self.status = self.process.returncode

    def watch(self):
        """What a canary is while it runs, and volumes, which no driver makes here."""
        while self.process.poll() is None:
            try:
                controllers.volumes(self.cluster)
                for pod in self.cluster.get("pods", "--selector", CANARY):
                    name = pod["metadata"]["labels"]["app.kubernetes.io/name"]
                    self.canaries.setdefault(name, set()).add(pod["metadata"]["name"])
                for part in self.cluster.get("endpointslices", "--selector", "kubernetes.io/service-name=api"):
                    self.endpoints |= {end["targetRef"]["name"] for end in part.get("endpoints") or [] if end["conditions"].get("ready")}
            except Failed:
                pass
            time.sleep(0.5)


def versions(cluster):
    """Version of the image → Deployments that have it in their template, and in all their pods."""
    found = {}
    for deployment in cluster.get("deployments"):
        name = deployment["metadata"]["name"]
        image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        found.setdefault(image[-1], set()).add(name)
    for pod in cluster.get("pods"):
        if pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet" and "deletionTimestamp" not in pod["metadata"]:
            found.setdefault(pod["spec"]["containers"][0]["image"][-1], set()).add(pod["metadata"]["labels"]["app.kubernetes.io/name"])
    return found


def after(cluster, done, status, version, *words):
    """What is wrong after a run: how it ended, what it said, what runs, and whether a canary is left."""
    found = []
    if done.status != status:
        found.append(f"it ends with {done.status} and not {status}")
    found += [f"it does not say {word!r}" for word in words if word not in done.said]
    runs = versions(cluster)
    if set(runs) != {version}:
        found.append(f"the versions {({key: sorted(value) for key, value in runs.items()})} run, and not {version} alone")
    left = [each["metadata"]["name"] for each in cluster.get("deployments") if each["metadata"]["name"].endswith("-canary")]
    if left:
        found.append(f"canaries are left: {left}")
    return [f"{problem}; it said: {done.said[-1200:]}" for problem in found]


def first(cluster):
    done = Deployment(cluster, OVERLAY, "1")
    controllers.reconcile(cluster, pin(render(OVERLAY)))
    return after(cluster, done, 0, "1", "the first installation")


def good(cluster):
    done = Deployment(cluster, OVERLAY, "2", CANARY="5", SMOKE="true")
    found = after(cluster, done, 0, "2", "migrations", "a canary of each workload", f"done: {len(NAMES)} images")
    workloads = {each["metadata"]["name"] for each in cluster.get("deployments")}
    if set(done.canaries) != workloads or any(len(pods) != 1 for pods in done.canaries.values()):
        found.append(f"there were canaries {done.canaries} of {sorted(workloads)}, not one pod of each")
    if not done.canaries.get("api", set()) & done.endpoints:
        found.append("the canary of the API got no requests: it was not among the endpoints of its Service")
    return found


def canary_not_ready(cluster):
    done = Deployment(cluster, overlay("held", held("Deployment", "api")), "3", CANARY="5", WAIT="60")
    return after(cluster, done, 1, "2", "api-canary is not rolled out", 'failed in the step "canary"')


def migration_fails(cluster):
    done = Deployment(cluster, overlay("migration", held("Job", "migrate")), "3", CANARY="5", WAIT="10")
    found = after(cluster, done, 1, "2", "the Job migrate is not complete", 'failed in the step "check"')
    return found + (["a canary was there before the migrations were applied"] if done.canaries else [])


def alert_fires(cluster):
    # It fires from the third question on: the first is asked before the release.
    asked = FOLDER / "asked"
    asked.unlink(missing_ok=True)
    command = f'echo Old; echo x >>{asked}; if [ "$(wc -l <{asked})" -ge 3 ]; then echo FramesLost; fi'
    done = Deployment(cluster, OVERLAY, "3", CANARY="20", ALERTS_COMMAND=command)
    return after(cluster, done, 1, "2", "alerts fire that did not fire before: FramesLost", 'failed in the step "canary"')


def prometheus_is_away(cluster):
    done = Deployment(cluster, OVERLAY, "3", CANARY="5", ALERTS_COMMAND="exit 1")
    return after(cluster, done, 1, "2", "Prometheus does not answer", 'failed in the step "check"')


def smoke_fails(cluster):
    done = Deployment(cluster, OVERLAY, "3", CANARY="2", SMOKE="exit 1")
    return after(cluster, done, 1, "2", "smoke test", "api goes back to revision", 'failed in the step "roll-out"')


def refused(cluster):
    """By a policy, and by Pod Security, which refuses pods and only warns of what makes them."""
    found = []
    for name, key, words in (("writes", "readOnlyRootFilesystem", "denied request"), ("root", "runAsNonRoot", "would violate PodSecurity")):
        path = f"/spec/template/spec/containers/0/securityContext/{key}"
        change = ("Deployment", "api", {"op": "replace", "path": path, "value": False})
        done = Deployment(cluster, overlay(name, change), "3", CANARY="5")
        found += after(cluster, done, 1, "2", 'failed in the step "check"', words)
        if "--- migrations" in done.said:
            found.append("migrations ran although the server refuses the release")
    return found


def hanging_roll_out(cluster):
    """A canary is well, and the new version of one workload does not get ready when everything is replaced: without a canary it is alike."""
    done = Deployment(cluster, overlay("late", held("Deployment", "web")), "3", WAIT="60")
    return after(cluster, done, 1, "2", "web is not rolled out", "goes back to revision")


CASES = (first, good, refused, prometheus_is_away, migration_fails, canary_not_ready, alert_fires, smoke_fails, hanging_roll_out)


def main(*only):
    assert OVERLAY in OVERLAYS
    shutil.rmtree(FOLDER, ignore_errors=True)
    found = []
    with Cluster() as cluster:
        controllers.install(cluster, pin(render(OVERLAY)))
        # The others begin with what the first two leave.
        for case in [case for case in CASES if not only or case in (first, good) or case.__name__ in only]:
            started = time.monotonic()
            try:
                here = case(cluster)
            except Failed as failed:
                here = [str(failed)]
            print(f"deploy.sh, {case.__name__.replace('_', ' ')}: {len(here)} problems, {time.monotonic() - started:.0f} s", flush=True)
            for problem in here:
                print(f"control plane: {case.__name__}: {problem}", file=sys.stderr, flush=True)
            found += here
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
