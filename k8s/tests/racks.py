"""Consumers read from the broker of their own zone: every program that reads from Kafka knows its zone, and brokers know theirs by the same name."""

VARIABLE = "VRU__KAFKA__CLIENT_RACK"
LABEL = "topology.kubernetes.io/zone"
SELECTOR = "org.apache.kafka.common.replica.RackAwareReplicaSelector"


def problems(world):
    return clients(world) + brokers(world)


def clients(world):
    found = []
    for name, document, template in world.workloads():
        if document["kind"] != "Deployment" or template["metadata"]["labels"].get("needs-kafka") != "true":
            continue
        variables = {each["name"]: each for each in template["spec"]["containers"][0].get("env", [])}
        path = variables.get(VARIABLE, {}).get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        if path != f"metadata.labels['{LABEL}']":
            found.append(f"{name}: reads from Kafka, and {VARIABLE} is not the zone of its node")
    return found


def brokers(world):
    """Strimzi's brokers have the names of zones. MSK's have their ids, and the selector is in Terraform, whose test looks at it."""
    names = next((data["data"]["RACK_NAMES"] for data in world.of("ConfigMap") if "RACK_NAMES" in data.get("data", {})), None)
    clusters = world.of("Kafka")
    if not clusters:
        return [] if names else ["ConfigMap/vru-kafka: RACK_NAMES does not say what MSK calls the zones"]
    found = ["ConfigMap/vru-kafka: RACK_NAMES gives zones other names, and Strimzi's brokers have the zones' own"] if names else []
    for kafka in clusters:
        spec, name = kafka["spec"]["kafka"], f"Kafka/{kafka['metadata']['name']}"
        if spec.get("rack", {}).get("topologyKey") != LABEL:
            found.append(f"{name}: its brokers' racks are not the zones")
        if spec["config"].get("replica.selector.class") != SELECTOR:
            found.append(f"{name}: consumers get no replica in their zone: replica.selector.class is not {SELECTOR}")
    return found
