"""A control plane of its own: etcd, kube-apiserver, controller manager, scheduler, and nodes of kwok."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from schemas import UNKNOWN, archive, definitions

BIN = Path(os.environ["CONTROL_PLANE"])
KWOK = "sigs.k8s.io/kwok@v0.8.0"
ZONES = ("a", "b", "c")
GENERAL_IN_ZONE = 3
STAGES = ("stage/node/fast/node-initialize.yaml", "stage/node/heartbeat/node-heartbeat.yaml", "stage/pod/fast/")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Cluster:
    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="vru-control-plane-"))
        self.processes = []
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self, name, *arguments):
        log = open(self.folder / f"{name}.log", "w")
        self.processes.append(subprocess.Popen([BIN / name, *map(str, arguments)], cwd=self.folder, stdout=log, stderr=log))

    def start(self):
        etcd, peer, api = free_port(), free_port(), free_port()
        client = f"http://127.0.0.1:{etcd}"
        peers = f"http://127.0.0.1:{peer}"
        self.spawn("etcd", "--data-dir", "etcd", "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peers,
                   "--initial-advertise-peer-urls", peers, "--initial-cluster", f"default={peers}", "--unsafe-no-fsync")
        key = self.folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text("token,admin,admin,system:masters\n")
        self.spawn("kube-apiserver", "--etcd-servers", client, "--service-account-key-file", key, "--service-account-signing-key-file", key,
                   "--service-account-issuer", "https://vru.test", "--secure-port", api, "--bind-address", "127.0.0.1", "--cert-dir", "certs",
                   "--token-auth-file", "tokens.csv", "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/16")
        self.config = self.folder / "kubeconfig"
        self.config.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{api}", "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": "token"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}))
        self.until("the API server is ready", lambda: self.kubectl("get", "--raw", "/readyz", check=False).returncode == 0)
        self.spawn("kube-controller-manager", "--kubeconfig", self.config, "--service-account-private-key-file", key, "--bind-address", "127.0.0.1",
                   "--secure-port", free_port(), "--cert-dir", "certs-manager", "--leader-elect=false", "--use-service-account-credentials=false")
        self.spawn("kube-scheduler", "--kubeconfig", self.config, "--bind-address", "127.0.0.1", "--secure-port", free_port(), "--cert-dir", "certs-scheduler",
                   "--leader-elect=false")
        stages = self.stages()
        self.spawn("kwok", "--kubeconfig", self.config, "--manage-all-nodes", "--server-address", f"127.0.0.1:{free_port()}", "--node-ip", "127.0.0.1",
                   *(part for stage in stages for part in ("--config", stage)))
        self.apply(list(nodes()))
        self.until("the nodes are ready", lambda: len(self.ready_nodes()) == len(list(nodes())))

    def stages(self):
        """What kwok's nodes and pods do, out of its module."""
        found = []
        with archive(KWOK) as files:
            for name in files.namelist():
                path = name.removeprefix(f"{KWOK}/kustomize/")
                if path.startswith(STAGES) and path.endswith(".yaml") and not path.endswith("kustomization.yaml"):
                    found.append(self.folder / path.replace("/", "-"))
                    found[-1].write_bytes(files.read(name))
        return found

    def kubectl(self, *arguments, check=True, text=None, timeout=180):
        command = [BIN / "kubectl", "--kubeconfig", self.config, *map(str, arguments)]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise SystemExit(f"kubectl {' '.join(map(str, arguments[:4]))}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done

    def apply(self, documents, *arguments, check=True):
        return self.kubectl("apply", "--server-side", "--force-conflicts", *arguments, "-f", "-", check=check, text=yaml.safe_dump_all(documents))

    def get(self, kind, *arguments):
        return json.loads(self.kubectl("get", kind, "--output", "json", *arguments).stdout)["items"]

    def ready_nodes(self):
        return [node for node in self.get("nodes") if any(c["type"] == "Ready" and c["status"] == "True" for c in node.get("status", {}).get("conditions", []))]

    def until(self, what, holds, seconds=180):
        deadline = time.monotonic() + seconds
        while not holds():
            for process in self.processes:
                if process.poll() is not None:
                    name = Path(process.args[0]).name
                    raise SystemExit(f"{name} ended: {(self.folder / f'{name}.log').read_text()[-2000:]}")
            if time.monotonic() > deadline:
                raise SystemExit(f"it did not happen within {seconds} s that {what}")
            time.sleep(1)

    def install_definitions(self, documents):
        """The definitions of the controllers, and stand-ins for those that no module has."""
        for text in definitions():
            self.kubectl("apply", "--server-side", "-f", "-", text=text)
        kinds = {(document["apiVersion"], document["kind"]) for document in documents if document["apiVersion"].split("/")[0] in UNKNOWN}
        self.apply([stand_in(*each) for each in sorted(kinds)])
        self.kubectl("wait", "--for=condition=established", "crd", "--all", "--timeout=120s")


def stand_in(version, kind):
    group, version = version.split("/")
    plural = kind.lower() + "s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                     "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}


def nodes():
    for zone in ZONES:
        for number in range(GENERAL_IN_ZONE):
            yield node(f"general-{zone}-{number}", zone)
        yield node(f"gpu-{zone}", zone, gpus=4)


def node(name, zone, gpus=0):
    size = {"cpu": "32", "memory": "128Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    labels = {"topology.kubernetes.io/zone": f"eu-central-1{zone}", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    spec = {}
    if gpus:
        size["nvidia.com/gpu"] = str(gpus)
        labels["nvidia.com/gpu.present"] = "true"
        spec["taints"] = [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "spec": spec, "status": {"allocatable": size, "capacity": size}}
