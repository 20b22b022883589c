"""KEDA's operator and metrics server, with real Kafka: sinks scale with lag and in again, within the bounds of the manifests.

Pods consume nothing here: `lag.py` commits instead of them. Only how soon KEDA asks and how slowly it scales in are shortened."""

import copy
import math
import sys
import time

import controllers
import keda_servers
import running
from cluster import NAMESPACE, Cluster, Failed
from deploy import Release
from kafka import PASSWORD, USER, Kafka
from render import ROOT
from watch import Watch
from world import World

TOPIC = "vru.detections"
MUCH = 100_000
SCRIPT = ROOT / "scripts/kafka/topics.py"
SINKS = {"sink-postgres": "vru-sink-postgres", "sink-s3": "vru-sink-s3-detections"}
SCALE_IN_AFTER_S = 5
QUICK = [
    {"op": "replace", "path": "/spec/pollingInterval", "value": 3},
    {"op": "replace", "path": "/spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown",
     "value": {"stabilizationWindowSeconds": SCALE_IN_AFTER_S, "policies": [{"type": "Pods", "value": 6, "periodSeconds": 5}]}},
]


def main():
    try:
        with Cluster() as cluster:
            found = problems(cluster)
    except Failed as failed:
        found = [str(failed)]
    for problem in found:
        print(f"keda: {problem}", file=sys.stderr)
    return 1 if found else 0


def problems(cluster):
    kafka = Kafka(cluster)
    release = on_premises(cluster, kafka)
    documents = release.documents()
    topics(kafka, World(documents))
    controllers.install(cluster, documents)
    release.apply()
    cluster.apply(secrets(cluster, World(documents)))
    keda_servers.start(cluster)
    cluster.until("every pod runs", lambda: running.settled(cluster))
    found = bounds(cluster, World(documents))
    lags = Lags(cluster, kafka, World(documents))
    # None, some, more than there are partitions for, none.
    for lag in (0, 9_000, MUCH):
        lags.scale(lag)
    found += unheard(cluster)
    found += outage(cluster, kafka)
    lags.scale(0)
    found += mistake(cluster, kafka, lags, documents)
    return found


class Lags:
    def __init__(self, cluster, kafka, world):
        self.cluster, self.kafka, self.world, self.produced = cluster, kafka, world, 0

    def make(self, lag):
        self.kafka.lag("produce", TOPIC, max(0, lag - self.produced))
        self.produced = max(lag, self.produced)
        for group in SINKS.values():
            self.kafka.lag("commit", group, TOPIC, "beginning" if lag else "end")

    def scale(self, lag):
        self.make(lag)
        wanted = {sink: replicas(self.world, sink, lag) for sink in SINKS}
        self.cluster.until(f"a lag of {lag} gives {wanted}", lambda: current(self.cluster) == wanted or f"there are {current(self.cluster)}")
        print(f"keda: a lag of {lag} gives {wanted}", flush=True)


def outage(cluster, kafka):
    """While Kafka is away KEDA has no scaler to ask, so that its fallback does not count: the autoscalers have no number, and leave all as it is."""
    before = current(cluster)
    with Watch(cluster) as watch:
        kafka.stop()
        cluster.until("autoscalers have no number", lambda: without_numbers(cluster))
        # Longer than scaling in waits here.
        time.sleep(3 * SCALE_IN_AFTER_S)
        after = current(cluster)
    kafka.start()
    cluster.until("autoscalers have numbers again", lambda: all(active(cluster).values()) or active(cluster))
    print(f"keda: without Kafka there are {after}", flush=True)
    return watch.below(before) + ([] if before == after else [f"without Kafka there are {after} instead of {before}"])


def active(cluster):
    """Sink → whether its autoscaler has numbers."""
    return {each["spec"]["scaleTargetRef"]["name"]: condition["status"] == "True" for each in cluster.get("hpa")
            for condition in each.get("status", {}).get("conditions", [])
            if condition["type"] == "ScalingActive" and each["spec"]["scaleTargetRef"]["name"] in SINKS}


def without_numbers(cluster):
    """True, or which autoscalers have numbers."""
    has = active(cluster)
    return (len(has) == len(SINKS) and not any(has.values())) or has


def falling_back(cluster):
    return {scaler["metadata"]["name"] for scaler in cluster.get("scaledobjects") for condition in scaler.get("status", {}).get("conditions", [])
            if condition["type"] == "Fallback" and condition["status"] == "True"}


def unheard(cluster):
    """Prometheus, which does not run here, is asked for the others: they keep their minimum."""
    found = {"infer", "ingest"} - falling_back(cluster)
    return [f"{name} does not fall back without Prometheus" for name in found]


def mistake(cluster, kafka, lags, documents):
    """Without the authority of the brokers KEDA must not reach them, or this would not test that the manifests name it."""
    wrong = copy.deepcopy([each for each in documents if each["kind"] == "TriggerAuthentication"])
    for each in wrong:
        each["spec"]["secretTargetRef"] = [each for each in each["spec"]["secretTargetRef"] if each["parameter"] != "ca"]
    cluster.apply(wrong)
    # KEDA asks over the connections that it has for as long as they work, and connects anew when one fails.
    kafka.stop()
    cluster.until("autoscalers have no number", lambda: without_numbers(cluster))
    log, before = cluster.folder / "keda-operator.log", current(cluster)
    kafka.start()
    read = log.stat().st_size
    cluster.until("KEDA does not trust the brokers", lambda: "certificate signed by unknown authority" in log.read_bytes()[read:].decode() or "it does")
    lags.make(MUCH)
    # KEDA would ask four times in this time.
    time.sleep(12)
    numbers = [sink for sink, has in active(cluster).items() if has]
    found = [f"the autoscaler of {sink} has a number although KEDA does not know the authority of the brokers" for sink in numbers]
    return found + ([] if current(cluster) == before else ["KEDA scales although it does not know the authority of the brokers"])


def on_premises(cluster, kafka):
    """The overlay with brokers of its own: the one whose certificates an authority of its own signs."""
    release = Release(cluster, "onprem", "keda")
    path = release.folder / "../../components/kafka/kustomization.yaml"
    text = path.read_text()
    assert "BROKERS=vru-kafka-kafka-bootstrap.vru-detection.svc:9093" in text
    path.write_text(text.replace("vru-kafka-kafka-bootstrap.vru-detection.svc:9093", kafka.brokers))
    release.patch(QUICK, {"kind": "ScaledObject"})
    return release


def topics(kafka, world):
    """What Strimzi would make of the manifests, by the script that makes it where there is no Strimzi. The second time it finds everything there."""
    names = {topic["metadata"]["name"] for topic in world.of("KafkaTopic")}
    users = {user["metadata"]["name"] for user in world.of("KafkaUser")}
    for word in ("made", "was there"):
        said = kafka.client(SCRIPT, "--one-broker")
        found = {line.split(":")[0] for line in said.splitlines() if f": {word}, with" in line}
        if found != names or {line.split(":")[0] for line in said.splitlines() if line.endswith(" rules")} != users:
            raise Failed(f"{SCRIPT.name} does not say of all topics that each {word}, and of all users what they may: {said}")
    print(f"keda: {len(names)} topics, and what {len(users)} users may do", flush=True)


def secrets(cluster, world):
    for secret in controllers.secrets(world):
        if secret["metadata"]["name"] not in ("vru-kafka-cluster-ca-cert", USER):
            yield secret
    yield text_secret("vru-kafka-cluster-ca-cert", {"ca.crt": (cluster.folder / "kafka/ca.crt").read_text()})
    yield text_secret(USER, {"password": PASSWORD})


def text_secret(name, data):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "stringData": data}


def bounds(cluster, world):
    """The autoscalers that KEDA makes have the bounds of the manifests."""
    found, made = [], {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in cluster.get("hpa")}
    for scaler in world.of("ScaledObject"):
        name, spec = scaler["spec"]["scaleTargetRef"]["name"], scaler["spec"]
        is_there = made.get(name, {})
        if (is_there.get("minReplicas"), is_there.get("maxReplicas")) != (spec["minReplicaCount"], spec["maxReplicaCount"]):
            found.append(f"KEDA made no autoscaler of {name} with its bounds: {is_there}")
    return found


def replicas(world, sink, lag):
    spec = next(each for each in world.of("ScaledObject") if each["metadata"]["name"] == sink)["spec"]
    partitions = next(each for each in world.of("KafkaTopic") if each["metadata"]["name"] == TOPIC)["spec"]["partitions"]
    wanted = math.ceil(lag / int(spec["triggers"][0]["metadata"]["lagThreshold"]))
    return min(max(wanted, spec["minReplicaCount"]), spec["maxReplicaCount"], partitions)


def current(cluster):
    return {each["metadata"]["name"]: each.get("status", {}).get("readyReplicas", 0) for each in cluster.get("deployments") if each["metadata"]["name"] in SINKS}


if __name__ == "__main__":
    sys.exit(main())
