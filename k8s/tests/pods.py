"""Gives each program the files and the environment that its pod gives it, and asks it whether it accepts them."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

from render import CACHE, ROOT

PROGRAMS = {"api": "vru-api", "ingest": "vru-ingest", "infer": "vru-infer", "infer-gpu": "vru-infer", "sink": "vru-sink", "migrate": "vru-sink"}
# Which setting a port of a pod is.
PORTS = {
    "api": {"admin": "admin", "http": "http.listen"},
    "webhooks": {"admin": "admin"},
    "ingest": {"admin": "admin", "rtsp": "push.listen", "rtsps": "push.tls_listen"},
    "infer": {"admin": "admin"},
    "sink-postgres": {"admin": "admin"},
    "sink-s3": {"admin": "admin"},
    "sink-alerts": {"admin": "admin", "grpc": "alerts.listen"},
}
# Kubernetes gives each pod these labels of its node, and no other (PodTopologyLabels).
DOWNWARD = {"metadata.labels['topology.kubernetes.io/zone']": "eu-central-1a", "metadata.labels['topology.kubernetes.io/region']": "eu-central-1"}
# The process itself ends within this time after its deadline.
END = 3


def image_of(container):
    return container["image"].split("@")[0].rsplit("/", 1)[-1]


def program_of(container):
    name = PROGRAMS.get(image_of(container))
    return None if name is None else Path(os.environ["VRU_PROGRAMS"]) / name


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|min)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "min": 60}[unit]


class Pod:
    """The files and variables of one container, in a folder instead of at its root."""

    def __init__(self, world, name, spec, container, folder):
        self.problems, self.folder, self.container, self.name = [], Path(folder), container, name
        self.world, self.spec = world, spec
        self.roots = {}
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                self.problems.append(f"{name}: mounts the volume {mount['name']}, which the pod does not have")
                continue
            self.fill(volumes[mount["name"]], self.folder / mount["mountPath"].strip("/"))
            self.roots[mount["mountPath"]] = str(self.folder / mount["mountPath"].strip("/"))
        self.environment = self.variables()

    def fill(self, volume, target):
        target.mkdir(parents=True, exist_ok=True)
        if "configMap" in volume:
            data = self.world.config_map(volume["configMap"]["name"])
            if data is None:
                self.problems.append(f"{self.name}: the ConfigMap {volume['configMap']['name']} does not exist")
            for key, text in (data or {}).items():
                (target / key).write_text(text)
        elif "secret" in volume:
            self.secret(volume["secret"]["secretName"], volume["secret"], target)
        elif "projected" in volume:
            for source in volume["projected"]["sources"]:
                self.secret(source["secret"]["name"], source["secret"], target)
        elif "persistentVolumeClaim" in volume:
            if not self.world.find("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]):
                self.problems.append(f"{self.name}: the claim {volume['persistentVolumeClaim']['claimName']} does not exist")
            if target.name == "models":
                shutil.copy(CACHE / "models/nanodet-g.onnx", target / "model.onnx")
                shutil.copy(ROOT / "models/nanodet-g.toml", target / "model.toml")
        elif "emptyDir" not in volume:
            self.problems.append(f"{self.name}: the volume {volume['name']} is of a kind that this test does not know")

    def secret(self, name, source, target):
        keys = self.world.secret_keys(name)
        if keys is None and source.get("optional"):
            return
        if keys is None:
            self.problems.append(f"{self.name}: nothing makes the Secret {name}")
            return
        for item in source.get("items") or [{"key": key, "path": key} for key in keys]:
            if item["key"] not in keys:
                self.problems.append(f"{self.name}: the Secret {name} has no key {item['key']}")
                continue
            (target / item["path"]).write_text(content_of(item["key"]))

    def variables(self):
        found = {}
        for source in self.container.get("envFrom", []):
            name = source["configMapRef"]["name"]
            data = self.world.config_map(name)
            if data is None:
                self.problems.append(f"{self.name}: the ConfigMap {name} does not exist")
            found.update({source.get("prefix", "") + key: text for key, text in (data or {}).items()})
        for variable in self.container.get("env", []):
            found[variable["name"]] = variable["value"] if "value" in variable else self.of_pod(variable)
        return {key: self.here(text) for key, text in found.items()}

    def of_pod(self, variable):
        """What the downward API gives, as on a node of the first zone."""
        path = variable["valueFrom"]["fieldRef"]["fieldPath"]
        if path not in DOWNWARD:
            self.problems.append(f"{self.name}: no pod has the field {path}, which {variable['name']} is")
        return DOWNWARD.get(path, "")

    def here(self, text):
        """The same with the folders of this machine."""
        roots = "|".join(re.escape(root) for root in sorted(self.roots, key=len, reverse=True))
        return re.sub(rf"(?<![\w./])({roots})(?=[/\"']|$)", lambda found: self.roots[found[0]], text)

    def settings(self):
        """What the configuration file says, with the variables above it, by key."""
        path = Path(self.environment.get("VRU_CONFIG", "/nowhere"))
        if not path.is_file():
            self.problems.append(f"{self.name}: VRU_CONFIG names {path}, which is no file of the pod")
            return {}
        path.write_text(self.here(path.read_text()))
        flat = {}

        def walk(prefix, table):
            for key, value in table.items():
                walk(f"{prefix}{key}.", value) if isinstance(value, dict) else flat.update({prefix + key: value})

        walk("", tomllib.loads(path.read_text()))
        flat.update({key[5:].lower().replace("__", "."): text for key, text in self.environment.items() if key.startswith("VRU__")})
        return flat

    def run(self, arguments, **options):
        program = program_of(self.container)
        command = [program, *self.container.get("args", []), *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "VRU_CACHE": str(CACHE), **self.environment}
        return command, {"env": environment, "text": True, **options}

    def check(self):
        command, options = self.run(["--check-config"], capture_output=True, timeout=120)
        done = subprocess.run(command, **options)
        if done.returncode != 0:
            said = done.stderr.strip().replace(str(self.folder), "")
            self.problems.append(f"{self.name}: {command[0].name} refuses the configuration: {said}")

    def check_ports(self, settings):
        wanted = PORTS[self.container["name"]]
        ports = {port["name"]: port["containerPort"] for port in self.container.get("ports", [])}
        for name, key in wanted.items():
            served = int(str(settings.get(key, ":0")).rsplit(":", 1)[-1])
            if ports.get(name) != served:
                self.problems.append(f"{self.name}: the port {name} is {ports.get(name)}, and {key} is {served}")
        for name in ports.keys() - wanted.keys():
            self.problems.append(f"{self.name}: nothing listens at the port {name}")

    def check_grace(self, settings):
        deadline = seconds(settings.get("shutdown.deadline", "20s"))
        before = self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = self.spec.get("terminationGracePeriodSeconds", 30)
        if grace < before + deadline + END:
            self.problems.append(f"{self.name}: the grace period of {grace} s is shorter than preStop ({before} s), drain ({deadline:.0f} s) and {END} s")

    def check_variables(self):
        command, options = self.run(["--help"], capture_output=True, timeout=60)
        said = re.sub(r"\s+", " ", subprocess.run(command, **options).stdout)
        for name in self.environment:
            if not name.startswith("VRU__") and f"[env: {name}=" not in said:
                self.problems.append(f"{self.name}: {command[0].name} does not know the variable {name}")


class Running:
    """The program of a pod, with its own configuration, without the servers that it would use."""

    def __init__(self, pod):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        listeners = {"http.listen", "push.listen", "push.tls_listen", "alerts.listen"}
        moved = [key for key in PORTS[pod.container["name"]].values() if key in listeners]
        arguments = ["--set", f"admin=127.0.0.1:{self.port}", *(part for key in moved for part in ("--set", f"{key}=127.0.0.1:0"))]
        # Ingest wants two addresses that differ.
        arguments = [argument.replace("push.tls_listen=127.0.0.1:0", "push.tls_listen=127.0.0.2:0") for argument in arguments]
        if pod.container["name"] == "infer":
            # The runtime of this machine has no GPU's provider; the configuration with it was checked before.
            arguments += ["--set", "model.provider=cpu"]
        self.log = tempfile.TemporaryFile("w+")
        command, options = pod.run(arguments, stdout=self.log, stderr=subprocess.STDOUT)
        self.process = subprocess.Popen(command, **options)

    def status(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def wait(self):
        for _ in range(300):
            try:
                return self.status("/health")
            except OSError:
                if self.process.poll() is not None:
                    return None
                time.sleep(0.1)
        return None

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def last_words(self):
        self.log.seek(0)
        return self.log.read()[-2000:]


def check_probes(pod, paths):
    """Asks a running program for each path."""
    running = Running(pod)
    try:
        if running.wait() != 200:
            pod.problems.append(f"{pod.name}: the program does not answer /health with 200, and says: {running.last_words()}")
            return
        for path in sorted(paths):
            status = running.status(path)
            if status not in (200, 503):
                pod.problems.append(f"{pod.name}: a probe asks {path}, and the program answers {status}")
    finally:
        running.end()


def content_of(key):
    """A secret of the right form."""
    if key in ("tls.crt", "ca.crt"):
        return certificate()[0]
    if key == "tls.key":
        return certificate()[1]
    if key == "secrets-key":
        return "0123456789abcdef" * 4
    if key == "url":
        return "postgres://vru:secret@replica.database.internal:5432/vru"
    return "a-password-of-a-test"


def certificate(made=[]):
    if not made:
        with tempfile.TemporaryDirectory() as folder:
            command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                       "-subj", "/CN=vru", "-addext", "subjectAltName=DNS:vru", "-keyout", f"{folder}/key", "-out", f"{folder}/crt"]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            made.extend([Path(folder, "crt").read_text(), Path(folder, "key").read_text()])
    return made


def probe_paths(container):
    probes = [container[kind] for kind in ("startupProbe", "livenessProbe", "readinessProbe") if kind in container]
    return {probe["httpGet"]["path"] for probe in probes if "httpGet" in probe}


def problems(world, running=True):
    """All problems of the pods whose programs are ours."""
    found = []
    scraped = {endpoint["path"] for monitor in world.of("PodMonitor") for endpoint in monitor["spec"]["podMetricsEndpoints"]}
    for name, _, template in world.workloads():
        for container in template["spec"]["containers"]:
            if program_of(container) is None or "command" in container:
                continue
            with tempfile.TemporaryDirectory() as folder:
                pod = Pod(world, name, template["spec"], container, folder)
                settings = pod.settings()
                if settings:
                    pod.check()
                    pod.check_variables()
                if settings and name.startswith("Deployment/"):
                    pod.check_ports(settings)
                    pod.check_grace(settings)
                    if running and not pod.problems:
                        check_probes(pod, probe_paths(container) | scraped)
                found += pod.problems
    return found
