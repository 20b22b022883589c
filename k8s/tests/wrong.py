"""Mistakes that people make: each is put into a rendered overlay, and must be found by its words."""

import copy

import names
import pods
import racks
import references
import schemas
from render import pin, render
from world import World


def deployment(world, name):
    return world.find("Deployment", name)


def container(world, name):
    return deployment(world, name)["spec"]["template"]["spec"]["containers"][0]


def config(world, start, change):
    for found in world.of("ConfigMap"):
        if found["metadata"]["name"].startswith(start):
            found["data"] = change(found["data"])


def wrong_key(world):
    config(world, "ingest-config", lambda data: {"ingest.toml": data["ingest.toml"].replace("tls_listen", "tls_port")})


def wrong_value(world):
    config(world, "api-config", lambda data: {"api.toml": data["api.toml"].replace("75s", "75")})


def wrong_topic(world):
    next(t for t in world.find("ScaledObject", "infer")["spec"]["triggers"] if t["type"] == "kafka")["metadata"]["topic"] = "vru.files"


def wrong_group(world):
    world.find("ScaledObject", "sink-postgres")["spec"]["triggers"][0]["metadata"]["consumerGroup"] = "sink-postgres"


def wrong_metric(world):
    world.find("ScaledObject", "ingest")["spec"]["triggers"][0]["metadata"]["query"] = "sum(ingest_connected_cameras)"


def wrong_label(world):
    world.find("ScaledObject", "ingest")["spec"]["triggers"][0]["metadata"]["query"] = 'sum(ingest_camera_connected{site="a"})'


def wrong_label_value(world):
    rules = world.find("PrometheusRule", "scaling")["spec"]["groups"][0]["rules"]
    rules[0]["expr"] = rules[0]["expr"].replace('"inference"', '"model"')


def no_egress(world):
    world.documents.remove(world.find("NetworkPolicy", "to-kafka"))


def needless_egress(world):
    deployment(world, "web")["spec"]["template"]["metadata"]["labels"]["needs-database"] = "true"


def no_default_deny(world):
    world.documents.remove(world.find("NetworkPolicy", "default-deny", "monitoring"))


def missing_claim(world):
    world.documents.remove(world.find("PersistentVolumeClaim", "vru-models"))


def engine_on_the_internet(world):
    path = {"path": "/detection", "pathType": "Prefix", "backend": {"service": {"name": "infer", "port": {"name": "admin"}}}}
    world.find("Ingress", "vru")["spec"]["rules"][0]["http"]["paths"].append(path)


def untolerated_taint(world):
    del deployment(world, "infer")["spec"]["template"]["spec"]["tolerations"]


def no_zone(world):
    del next(each for each in container(world, "infer")["env"] if each["name"] == "VRU__KAFKA__CLIENT_RACK")["valueFrom"]["fieldRef"]


def another_label(world):
    variable = next(each for each in container(world, "infer")["env"] if each["name"] == "VRU__KAFKA__CLIENT_RACK")
    variable["valueFrom"]["fieldRef"]["fieldPath"] = "metadata.labels['topology.k8s.aws/zone-id']"


def brokers(world):
    return world.find("Kafka", "vru-kafka")["spec"]["kafka"]


def first_volume(world, name, kind):
    return next(volume for volume in deployment(world, name)["spec"]["template"]["spec"]["volumes"] if kind in volume)


# What is done to an overlay, which check finds it, and what it says.
IN_CLUSTER = [
    ("a field that Strimzi does not know", lambda w: brokers(w).update(listener=[]), schemas, "listener"),
    ("a topic's setting of the wrong type", lambda w: w.find("KafkaTopic", "vru.frames")["spec"].update(partitions="48"), schemas, "'48' is not of type 'integer'"),
    ("a way to log in that Strimzi does not have", lambda w: w.find("KafkaUser", "vru-kafka-infer")["spec"]["authentication"].update(type="scram-sha-256"), schemas, "scram-sha-256"),
    ("a field that CloudNativePG does not know", lambda w: w.find("Cluster", "vru-database")["spec"]["storage"].update(class_name="fast"), schemas, "class_name"),
    ("a field that the plugin of backups does not know", lambda w: w.find("ObjectStore", "vru-database")["spec"].update(retention="30d"), schemas, "retention"),
    ("brokers that send nobody to the replica in the zone", lambda w: brokers(w)["config"].pop("replica.selector.class"), racks, "consumers get no replica in their zone"),
    ("brokers without racks", lambda w: brokers(w).pop("rack"), racks, "its brokers' racks are not the zones"),
    ("other names of zones than the brokers'", lambda w: config(w, "vru-kafka", lambda data: {**data, "RACK_NAMES": "a=b"}), racks, "have the zones' own"),
]
MISTAKES = [
    ("a consumer that does not know its zone", no_zone, racks, "Deployment/infer: reads from Kafka, and VRU__KAFKA__CLIENT_RACK is not the zone"),
    ("a label that pods do not get", another_label, pods, "no pod has the field"),
    ("names of racks that are none", lambda w: config(w, "vru-kafka", lambda data: {**data, "RACK_NAMES": "eu-central-1a"}), pods, "is not zone=rack"),
    ("no names of MSK's racks", lambda w: config(w, "vru-kafka", lambda data: {**data, "RACK_NAMES": ""}), racks, "does not say what MSK calls the zones"),
    ("a setting that does not exist", wrong_key, pods, "unknown field: found `tls_port`"),
    ("a value of the wrong form", wrong_value, pods, "http.idle"),
    ("a command that does not exist", lambda w: container(w, "sink-s3").update(args=["objects"]), pods, "unrecognized subcommand"),
    ("a variable that does not exist", lambda w: container(w, "infer")["env"].append({"name": "VRU__MODEL__FOLDER", "value": "/models"}), pods, "found `folder`"),
    ("a variable without the prefix", lambda w: container(w, "infer")["env"].append({"name": "MODEL", "value": "/models"}), pods, "does not know the variable MODEL"),
    ("another admin port", lambda w: container(w, "api")["ports"].__setitem__(1, {"name": "admin", "containerPort": 9090}), pods, "the port admin is 9090"),
    ("a probe of a path that is not served", lambda w: container(w, "api")["livenessProbe"]["httpGet"].update(path="/healthz"), pods, "a probe asks /healthz, and the program answers 404"),
    ("too little time to drain", lambda w: deployment(w, "ingest")["spec"]["template"]["spec"].update(terminationGracePeriodSeconds=30), pods, "is shorter than preStop"),
    ("a secret that nothing makes", lambda w: first_volume(w, "api", "secret")["secret"].update(secretName="vru-secrets"), pods, "nothing makes the Secret vru-secrets"),
    ("a claim that does not exist", missing_claim, pods, "the claim vru-models does not exist"),
    ("a topic that nobody uses", wrong_topic, names, "no program uses the topic vru.files"),
    ("a group that nobody is in", wrong_group, names, "no program is in the group sink-postgres"),
    ("a metric that does not exist", wrong_metric, names, "no program has the metric ingest_connected_cameras"),
    ("a label that the metric lacks", wrong_label, names, "has no label site"),
    ("a value that the label never has", wrong_label_value, names, "the value model"),
    ("a probe that nginx does not serve", lambda w: container(w, "web")["readinessProbe"]["httpGet"].update(path="/status"), names, "which nginx does not serve"),
    ("a Service that selects no pod", lambda w: w.find("Service", "api")["spec"].update(selector={"app": "api"}), references, "selects no pod"),
    ("an Ingress to a Service that does not exist", lambda w: w.documents.remove(w.find("Service", "web")), references, "which no Service has"),
    ("an engine's admin port on the internet", engine_on_the_internet, references, "leads to an admin port"),
    ("replicas beside an autoscaler", lambda w: deployment(w, "api")["spec"].update(replicas=4), references, "replicas beside its autoscaler"),
    ("no way to the broker", no_egress, references, "no policy lets it out"),
    ("a way that nobody needs", needless_egress, references, "does not use the database"),
    ("a namespace that denies nothing", no_default_deny, references, "no policy denies"),
    ("no budget", lambda w: w.documents.remove(w.find("PodDisruptionBudget", "ingest")), references, "has 0 PodDisruptionBudgets"),
    ("a budget that stops drains", lambda w: w.find("PodDisruptionBudget", "ingest")["spec"].pop("unhealthyPodEvictionPolicy"), references, "stop the drain of a node"),
    ("a GPU behind a taint", untolerated_taint, references, "does not tolerate the taint"),
    ("an account that does not exist", lambda w: w.documents.remove(w.find("ServiceAccount", "infer")), references, "the ServiceAccount infer does not exist"),
    ("a field that Kubernetes does not know", lambda w: container(w, "api").update(resource={}), schemas, "resource"),
    ("a field that KEDA does not know", lambda w: w.find("ScaledObject", "infer")["spec"].update(minReplicas=2), schemas, "minReplicas"),
]


def missed():
    """Mistakes that no check finds, and how many were tried."""
    all_mistakes = {"production": MISTAKES, "onprem": IN_CLUSTER}
    found = [problem for overlay, mistakes in all_mistakes.items() for problem in missed_in(pin(render(overlay)), mistakes)]
    return found, sum(map(len, all_mistakes.values()))


def missed_in(base, mistakes):
    found = []
    for what, change, check, words in mistakes:
        world = World(copy.deepcopy(base))
        change(world)
        # Only the pods that the mistake is in are asked: each question starts a program.
        said = pods.problems(changed_only(world, base)) if check is pods else check.problems(world)
        if not any(words in problem for problem in said):
            found.append(f"a mistake was not found: {what}; the check said {said}")
    return found


def changed_only(world, base):
    """The world with the workloads that differ, or whose configuration does."""
    same = [document for document in base if document in world.documents]
    kept = []
    for document in world.documents:
        name = document["metadata"]["name"]
        untouched = document in same and document["kind"] == "Deployment" and config_of(document, world) == config_of(document, World(base))
        if not untouched or (name == "infer" and not world.find("PersistentVolumeClaim", "vru-models")):
            kept.append(document)
    return World(kept)


def config_of(document, world):
    """What the pods of a workload read: as files, and as variables."""
    pod = document["spec"]["template"]["spec"]
    names = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]
    containers = pod["containers"] + pod.get("initContainers", [])
    sources = [source for container in containers for source in container.get("envFrom", [])]
    names += [source["configMapRef"]["name"] for source in sources if "configMapRef" in source]
    return [world.config_map(name) for name in names]
