"""The overlays of k8s/ and the outputs of their environments say the same: names, ports, networks, accounts."""

import json
import re
import sys

from workspace import ROOT

# Last: some files there have the names of files here.
sys.path.append(str(ROOT / "k8s/tests"))
from render import render  # noqa: E402
from world import World  # noqa: E402


def outputs(workspace, environment):
    """What the environment gives, with mocks for what only AWS knows."""
    if environment in workspace.outputs:
        return workspace.outputs[environment]
    folder = f"mocked/envs/{environment}"
    said = workspace.initialised(folder)
    if said:
        raise SystemExit(said)
    _, said = workspace.run(folder, "test", "-json", "-verbose")
    for line in said.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("type") == "test_state" and message["@testrun"] == environment:
            workspace.outputs[environment] = {name: each["value"] for name, each in message["test_state"]["outputs"].items()}
            return workspace.outputs[environment]
    raise SystemExit(f"envs/{environment}: the run {environment} gave no outputs: {said}")


def problems(environment, given, world):
    return [f"envs/{environment}: {each}" for check in (networks, ports, names, secrets, accounts, hosts) for each in check(given, world)]


def policy(world, name):
    return world.find("NetworkPolicy", name)["spec"]


def blocks(rules, way):
    return {peer["ipBlock"]["cidr"] for rule in rules for peer in rule.get(way, []) if "ipBlock" in peer}


def ports_of(rules):
    return {port["port"] for rule in rules for port in rule.get("ports", [])}


def differ(what, manifests, account):
    return [] if manifests == account else [f"{what}: the manifests say {manifests}, the account {account}"]


def networks(given, world):
    overlay = given["overlay"]
    found = []
    for name in ("to-kafka", "to-database", "to-redis"):
        found += differ(f"network of NetworkPolicy/{name}", blocks(policy(world, name)["egress"], "to"), {overlay["vpc_cidr"]})
    for name in ("from-load-balancer-web", "from-load-balancer-api"):
        found += differ(f"network of NetworkPolicy/{name}", blocks(policy(world, name)["ingress"], "from"), {overlay["load_balancers_cidr"]})
    found += differ("HTTP__PROXIES", json.loads(setting(world, "vru-api", "HTTP__PROXIES")), [overlay["load_balancers_cidr"]])
    return found + differ("networks of NetworkPolicy/to-cameras", blocks(policy(world, "to-cameras")["egress"], "to"), set(overlay["camera_networks"]))


def ports(given, world):
    server = {"to-kafka": "kafka", "to-database": "database", "to-redis": "cache"}
    found = []
    for name, part in server.items():
        found += differ(f"port of NetworkPolicy/{name}", ports_of(policy(world, name)["egress"]), {given["contract"]["ports"][part]})
    found += differ("ports of NetworkPolicy/to-internet", ports_of(policy(world, "to-internet")["egress"]), set(given["contract"]["internet_ports"]))
    found += differ("ports of NetworkPolicy/to-cameras", ports_of(policy(world, "to-cameras")["egress"]), set(given["contract"]["camera_ports"]))
    brokers = {int(each.rsplit(":", 1)[1]) for each in setting(world, "vru-kafka", "BROKERS").split(",")}
    found += differ("port of BROKERS", brokers, {given["contract"]["ports"]["kafka"]})
    return found + differ("port of Redis's URL", setting(world, "vru-redis", "URL").rsplit(":", 1)[1], str(given["contract"]["ports"]["cache"]))


def setting(world, start, key):
    for found in world.of("ConfigMap"):
        if re.fullmatch(rf"{start}(-[a-z0-9]{{10}})?", found["metadata"]["name"]) and key in found["data"]:
            return found["data"][key]
    raise SystemExit(f"no ConfigMap {start} has {key}")


def names(given, world):
    overlay = given["overlay"]
    found = differ("BUCKET", setting(world, "vru-bucket", "BUCKET"), overlay["bucket"])
    zones = {each: {pair.split("=")[0] for pair in text.split(",")} for each, text in
             {"manifests": setting(world, "vru-kafka", "RACK_NAMES"), "account": overlay["rack_names"]}.items()}
    found += differ("zones of RACK_NAMES", zones["manifests"], zones["account"])
    found += differ("pictures.conf", re.search(r"https://([a-z0-9-]+)\.s3", setting(world, "web-config", "pictures.conf"))[1], overlay["bucket"])
    for node_class in world.of("EC2NodeClass"):
        spec = node_class["spec"]
        found += differ("role of the EC2NodeClass", spec["role"], overlay["node_role"])
        for terms in ("subnetSelectorTerms", "securityGroupSelectorTerms"):
            found += differ(f"{terms} of the EC2NodeClass", spec[terms], [{"tags": {"karpenter.sh/discovery": overlay["discovery_tag"]}}])
    images = {each["image"].split("@")[0].rsplit("/", 1)[1] for _, _, pod in world.workloads() for each in pod["spec"]["containers"]}
    return found + [f"images: there is no repository for {name}" for name in sorted(images - overlay["images"].keys())]


def secrets(given, world):
    kept, used, found = given["contract"]["secrets"], set(), []
    for external in world.of("ExternalSecret"):
        for entry in external["spec"]["data"]:
            key, property_ = entry["remoteRef"]["key"], entry["remoteRef"]["property"]
            used.add(key)
            if property_ not in kept.get(key, []):
                found.append(f"ExternalSecret/{external['metadata']['name']}: the account has no {key} with {property_}")
    return found + [f"secrets: nobody reads {key}" for key in sorted(kept.keys() - used)]


def accounts(given, world):
    roles = given["contract"]["service_accounts"]
    labelled = {pod["spec"]["serviceAccountName"] for _, _, pod in world.workloads() if pod["metadata"]["labels"].get("needs-bucket") == "true"}
    found = differ("ServiceAccounts that use the bucket", labelled, set(roles["vru-detection"]) - {"collector"})
    for namespace in ("vru-detection", "vru-logs"):
        found += [f"ServiceAccount {name}: does not exist" for name in roles[namespace] if not world.find("ServiceAccount", name, namespace)]
    logs = {"group": setting(world, "log-agent", "COLLECTOR_LOG_GROUP"), "stream": setting(world, "log-agent", "COLLECTOR_LOG_STREAM")}
    return found + differ("log group of pods", logs, given["contract"]["pod_logs"])


def hosts(given, world):
    wanted = given["overlay"]["hosts"]
    ingress = {rule["host"] for rule in world.find("Ingress", "vru")["spec"]["rules"]}
    found = differ("hosts of the Ingress", ingress, {wanted["web"], wanted["api"]})
    certificates = {name for each in world.of("Certificate") for name in each["spec"]["dnsNames"]}
    found += [f"certificates: none is for {wanted[door]}" for door in ("rtsp", "alerts") if wanted[door] not in certificates]
    return found + differ("HTTP__ORIGINS", json.loads(setting(world, "vru-api", "HTTP__ORIGINS")), [f"https://{wanted['web']}"])


def all_problems(workspace, environments=("staging", "production")):
    found = []
    for environment in environments:
        found += problems(environment, outputs(workspace, environment), World(render(environment)))
    return found
