"""Counts ready pods at each change that the API server tells of, so that no moment is missed between two looks."""

import json
import subprocess
import threading
from collections import Counter

from cluster import NAMESPACE, ready
from render import CACHE


class Watch:
    """`lowest` has, for each app, the fewest ready pods since it began."""

    def __init__(self, cluster):
        self.cluster, self.pods, self.lowest, self.counting = cluster, {}, {}, False

    def __enter__(self):
        command = [CACHE / "bin/kubectl", "--kubeconfig", self.cluster.config, "get", "pods", "--namespace", NAMESPACE, "--watch",
                   "--output-watch-events", "--output", "json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.cluster.until("the watch has every pod", self.complete)
        self.counting = True
        self.count()
        return self

    def __exit__(self, *exception):
        try:
            if exception[0] is None:
                self.cluster.until("the watch has every change", self.complete)
        finally:
            self.process.kill()
            self.reader.join()
            self.process.wait()

    def complete(self):
        versions = {pod["metadata"]["name"]: pod["metadata"]["resourceVersion"] for pod in self.cluster.get("pods")}
        seen = {name: pod["metadata"]["resourceVersion"] for name, pod in dict(self.pods).items()}
        return seen == versions or f"it has {len(seen)} of {len(versions)} pods in their last version"

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            self.take(event["type"], event["object"])

    def take(self, kind, pod):
        if kind == "DELETED":
            self.pods.pop(pod["metadata"]["name"], None)
        else:
            self.pods[pod["metadata"]["name"]] = pod
        if self.counting:
            self.count()

    def count(self):
        serving = Counter(pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in self.pods.values()
                          if ready(pod) and "deletionTimestamp" not in pod["metadata"])
        for app in {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in self.pods.values()} | self.lowest.keys():
            self.lowest[app] = min(serving[app], self.lowest.get(app, serving[app]))

    def below(self, floors):
        return [f"{app} had {self.lowest.get(app, 0)} ready pods, and must have {floor}" for app, floor in floors.items()
                if self.lowest.get(app, 0) < floor]
