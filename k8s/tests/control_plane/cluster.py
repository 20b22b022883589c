"""A control plane of its own on free ports of this machine: etcd, kube-apiserver, controller manager, scheduler, and kwok for the nodes."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

import nodes
from render import CACHE

NAMESPACE = "vru-detection"


class Failed(Exception):
    """What was expected of the cluster did not happen."""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Cluster:
    def __enter__(self):
        # So that a terminated test ends its servers, too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
        self.folder = Path(tempfile.mkdtemp(prefix="vru-control-plane-"))
        self.config = self.folder / "kubeconfig"
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

    def spawn(self, name, *arguments, environment=None):
        with open(self.folder / f"{name}.log", "w") as log:
            command = [CACHE / "bin" / name, *map(str, arguments)]
            self.processes.append(subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=environment))

    def start(self):
        key = self.folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True, timeout=60)
        self.start_api_server(key)
        common = ("--kubeconfig", self.config, "--bind-address", "127.0.0.1", "--leader-elect=false")
        # On a busy machine kwok says late that its nodes live; without a word for this long their pods would no longer be ready.
        self.spawn("kube-controller-manager", *common, "--node-monitor-grace-period=10m", "--service-account-private-key-file", key,
                   "--secure-port", free_port(), "--cert-dir", "certificates-manager", "--horizontal-pod-autoscaler-sync-period=3s")
        self.spawn("kube-scheduler", *common, "--secure-port", free_port(), "--cert-dir", "certificates-scheduler")
        self.spawn("kwok", "--kubeconfig", self.config, "--manage-all-nodes", "--server-address", f"127.0.0.1:{free_port()}",
                   "--node-ip", "127.0.0.1", "--config", nodes.stages(self.folder))
        self.apply(nodes.all_nodes())
        self.until("the nodes are ready", lambda: all(ready(node) for node in self.get("nodes")) or "some are not")

    def start_api_server(self, key):
        client, peer, port = (free_port() for _ in range(3))
        self.spawn("etcd", "--data-dir", "etcd", "--listen-client-urls", f"http://127.0.0.1:{client}", "--advertise-client-urls",
                   f"http://127.0.0.1:{client}", "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls",
                   f"http://127.0.0.1:{peer}", "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--unsafe-no-fsync")
        (self.folder / "tokens.csv").write_text("token,admin,admin,system:masters\n")
        self.spawn("kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{client}", "--service-account-key-file", key,
                   "--service-account-signing-key-file", key, "--service-account-issuer", "https://vru.test", "--secure-port", port,
                   "--bind-address", "127.0.0.1", "--cert-dir", "certificates", "--token-auth-file", "tokens.csv",
                   "--authorization-mode", "RBAC", "--allow-privileged", "--service-cluster-ip-range", "10.0.0.0/16")
        self.config.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": "token"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}))
        self.until("the API server is ready", lambda: self.kubectl("get", "--raw", "/readyz", check=False).returncode == 0 or "it is not")

    def kubectl(self, *arguments, check=True, text=None, timeout=600):
        command = [CACHE / "bin/kubectl", "--kubeconfig", self.config, "--cache-dir", self.folder / "discovery", *map(str, arguments)]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise Failed(f"kubectl {' '.join(map(str, arguments))}: {done.stdout[-1000:]}{done.stderr[-4000:]}")
        return done

    def apply(self, documents, *arguments, check=True):
        return self.kubectl("apply", "--server-side", "--force-conflicts", *arguments, "-f", "-", check=check, text=yaml.safe_dump_all(documents))

    def get(self, kind, *arguments, namespace=NAMESPACE):
        return json.loads(self.kubectl("get", kind, "--output", "json", "--namespace", namespace, *arguments).stdout)["items"]

    def until(self, what, holds, seconds=600):
        """Waits until `holds` gives True; until then it gives what is missing."""
        deadline = time.monotonic() + seconds
        while (missing := holds()) is not True:
            self.alive()
            if time.monotonic() > deadline:
                raise Failed(f"it did not happen within {seconds} s that {what}: {missing}")
            time.sleep(0.5)

    def alive(self):
        for process in self.processes:
            if process.poll() is not None:
                name = Path(process.args[0]).name
                raise Failed(f"{name} ended: {(self.folder / f'{name}.log').read_text()[-2000:]}")


def ready(thing):
    """Whether a node or a pod is ready."""
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in thing.get("status", {}).get("conditions", []))
