"""Processes of a test: the demo, and a Prometheus that scrapes it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from metrics import ROOT

# Rates in panels; the demo runs for less than a usual $__rate_interval.
RATE = "15s"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(url, seconds=10):
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        return answer.read().decode()


class Process:
    """A program with its output in a file. Leaving the context ends it, first by SIGTERM."""

    def __init__(self, command, log, ends_in=20, **options):
        self.log, self.ends_in = Path(log), ends_in
        with open(log, "wb") as output:
            self.process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=subprocess.STDOUT, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(self.ends_in)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

    def wait_for(self, what, seconds, condition):
        """Waits until the condition gives something true, and gives it; ends with the log if the process ends before."""
        until = time.monotonic() + seconds
        while True:
            try:
                found = condition()
                if found:
                    return found
            except (urllib.error.URLError, OSError, ValueError):
                pass
            if self.process.poll() is not None or time.monotonic() > until:
                state = "ended" if self.process.poll() is not None else f"did not, within {seconds} s,"
                raise SystemExit(f"{self.log.name}: the process {state} before {what}: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.3)

    def ports(self):
        """The ports of this machine at which the process listens."""
        pid = self.process.pid
        sockets = set()
        for entry in os.scandir(f"/proc/{pid}/fd"):
            try:
                sockets.add(os.readlink(entry.path).removeprefix("socket:[").rstrip("]"))
            except OSError:
                continue
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and parts[9] in sockets:
                yield int(parts[1].split(":")[1], 16)


class Demo(Process):
    def __init__(self, program, folder, seconds):
        self.folder = Path(folder) / "demo"
        self.folder.mkdir()
        command = [program, "demo", "--for", f"{seconds}s", "--data", self.folder, "--cameras", "2"]
        super().__init__(command, Path(folder) / "demo-terminal", ends_in=90)

    def find_doors(self):
        """The ports of metrics and of the API, which are others where the usual ones are taken."""
        self.wait_for("everything runs", 150, lambda: "everything runs" in self.log.read_text(errors="replace"))
        self.admin = self.api = None
        for port in self.ports():
            for path, name, sign in (("/metrics", "admin", "process_threads"), ("/.well-known/jwks.json", "api", '"keys"')):
                try:
                    if sign in ask(f"http://127.0.0.1:{port}{path}", 3):
                        setattr(self, name, port)
                except (OSError, ValueError, http.client.HTTPException):
                    # Ports of RTSP, Kafka, PostgreSQL, and gRPC are among them.
                    continue
        if not self.admin or not self.api:
            raise SystemExit(f"the demo shows no metrics or has no API: {self.log.read_text()[-2000:]}")


class Prometheus(Process):
    def __init__(self, folder, target, groups):
        folder = Path(folder) / "prometheus"
        (folder / "rules").mkdir(parents=True)
        (folder / "rules/vru.yaml").write_text(yaml.safe_dump({"groups": [group | {"interval": "2s"} for group in groups]}))
        config = yaml.safe_load((ROOT / "observability/prometheus.yaml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "2s"}
        config["scrape_configs"] = [job for job in config["scrape_configs"] if job["job_name"] == "vru"]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{target}"]}]
        del config["alerting"]
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        self.url = f"http://127.0.0.1:{free_port()}"
        super().__init__(["prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
                          f"--web.listen-address={self.url.removeprefix('http://')}", "--log.format=json"], folder / "log")
        self.wait_for("it is ready", 30, lambda: ask(f"{self.url}/-/ready"))

    def get(self, path, **parameters):
        try:
            return json.loads(ask(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", 30))["data"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"Prometheus refuses {parameters}: {error.read().decode()}") from None

    def query(self, text):
        """The series of a query that have a value now; NaN is what a ratio of nothing is, and no value."""
        found = self.get("query", query=text)
        if found["resultType"] == "scalar":
            return [found["result"]]
        return [each for each in found["result"] if each["value"][1] != "NaN"]

    def faulty_rules(self):
        return [f"rule {rule['name']}: {rule['lastError']}" for group in self.get("rules")["groups"] for rule in group["rules"] if rule.get("lastError")]
