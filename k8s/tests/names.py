"""Names that programs and manifests share: metrics with their labels, topics, consumer groups, and what nginx serves."""

import re
import sys

from pods import image_of
from render import ROOT

sys.path.append(str(ROOT / "observability/tests"))
import metrics as observed  # noqa: E402


def problems(world):
    return metrics(world) + topics(world) + groups(world) + web(world)


def metrics(world):
    """What KEDA asks Prometheus for, and rules. Dashboards have tests of their own, in observability/tests."""
    found, records = [], observed.recorded([group for rule in world.of("PrometheusRule") for group in rule["spec"]["groups"]])
    for scaler in world.of("ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            if trigger["type"] == "prometheus":
                found += observed.problems(f"ScaledObject/{scaler['metadata']['name']}", trigger["metadata"]["query"], records)
    for rule in world.of("PrometheusRule"):
        for group in rule["spec"]["groups"]:
            for each in group["rules"]:
                found += observed.problems(f"PrometheusRule/{rule['metadata']['name']}", each["expr"], records)
    return found


def known_topics():
    """The topics, with the default prefix."""
    text = (ROOT / "runtime/src/kafka/config.rs").read_text()
    return {f"vru.{name}" for name in re.findall(r'name\("([a-z-]+)"\)', text)}


def topics(world):
    found, known = [], known_topics()
    made = {topic["metadata"]["name"] for topic in world.of("KafkaTopic")}
    if made and made != known:
        found.append(f"KafkaTopic: {sorted(made ^ known)} are in the programs or in the manifests only")
    for scaler in world.of("ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            topic = trigger["metadata"].get("topic")
            if topic and topic not in known:
                found.append(f"ScaledObject/{scaler['metadata']['name']}: no program uses the topic {topic}")
            partitions = {each["metadata"]["name"]: each["spec"]["partitions"] for each in world.of("KafkaTopic")}.get(topic)
            if partitions and scaler["metadata"]["name"].startswith("sink") and scaler["spec"]["maxReplicaCount"] > partitions:
                found.append(f"ScaledObject/{scaler['metadata']['name']}: more replicas than {topic} has partitions get nothing")
    return found


def permissions():
    """Service → the text of its row in the table of permissions, which a test of the whole pipeline uses."""
    text = (ROOT / "docs/security.md").read_text()
    rows = re.findall(r"^\| `vru-(ingest|infer|sink|api)`(?:, (\w+))? \|(.*)$", text, re.MULTILINE)
    return {f"{name}-{part.lower().replace('postgresql', 'postgres')}" if part else name: row for name, part, row in rows}


def groups(world):
    found, table = [], permissions()
    rows = {"sink-postgres": "sink-postgres", "sink-s3": "sink-s3", "sink-alerts": "sink-alerts", "webhooks": "api", "api": "api", "ingest": "ingest", "infer": "infer"}
    named = "".join(table.values())
    for scaler in world.of("ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            group = trigger["metadata"].get("consumerGroup")
            if group and f"`{group}`" not in named:
                found.append(f"ScaledObject/{scaler['metadata']['name']}: no program is in the group {group}")
    for user in world.of("KafkaUser"):
        service = user["metadata"]["name"].removeprefix("vru-kafka-")
        row = table.get(rows.get(service, ""), named)
        for rule in user["spec"]["authorization"]["acls"]:
            resource, writes = rule["resource"], {"Write", "Read"} & set(rule["operations"])
            if writes and f"`{resource['name']}`" not in row:
                found.append(f"KafkaUser/{user['metadata']['name']}: docs/security.md does not let {service} use {resource['type']} {resource['name']}")
    return found


def web(world):
    """What the web server serves is in its own configuration."""
    found = []
    text = (ROOT / "images/web/nginx.conf").read_text()
    for name, _, template in world.workloads():
        for container in template["spec"]["containers"]:
            if image_of(container) != "web":
                continue
            for port in container["ports"]:
                if f"listen {port['containerPort']}" not in text:
                    found.append(f"{name}: nginx does not listen at {port['containerPort']}")
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                path = container.get(kind, {}).get("httpGet", {}).get("path")
                if path and f"location = {path}" not in text:
                    found.append(f"{name}: a probe asks {path}, which nginx does not serve")
            for mount in container["volumeMounts"]:
                if mount["mountPath"] not in text:
                    found.append(f"{name}: nginx does not use {mount['mountPath']}")
    return found
