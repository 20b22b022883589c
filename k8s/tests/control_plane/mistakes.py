"""Mistakes that the checks must find, each by its words: a check that finds none would say nothing about the overlays."""

import copy

import admission
import controllers
import drains
import evictions
import nodes
import running
from cluster import NAMESPACE, Failed
from watch import Watch
from world import World


def missed(cluster, release, documents):
    """Mistakes that were not found, and how many were tried. Each is made good again before the next."""
    found = []
    for what, change, check, words in MISTAKES:
        wrong = copy.deepcopy(documents)
        # Changes the manifests and says which, or changes the cluster itself.
        changed = change(World(wrong), cluster)
        if changed:
            cluster.apply([document for document in wrong if (document["kind"], document["metadata"]["name"]) in changed])
        said = check(cluster, release, wrong)
        if not any(words in each for each in said):
            found.append(f"the checks do not find {what}; they say {said}")
        cluster.apply(documents)
        controllers.reconcile(cluster, documents)
        cluster.until("every pod runs again", lambda: running.settled(cluster))
    return found, len(MISTAKES)


def spec(world, kind, name):
    return world.find(kind, name)["spec"]["template"]["spec"]


def wrong_toleration(world, _):
    spec(world, "Deployment", "infer")["tolerations"][0].update(operator="Equal", value="no")
    return {("Deployment", "infer")}


def on_gpu_nodes(world, _):
    spec(world, "Deployment", "web").update(nodeSelector={"nvidia.com/gpu.present": "true"}, tolerations=[{"operator": "Exists"}])
    return {("Deployment", "web")}


def in_one_zone(world, _):
    spec(world, "Deployment", "api").pop("topologySpreadConstraints")
    spec(world, "Deployment", "api")["nodeSelector"] = {"topology.kubernetes.io/zone": "eu-central-1b"}
    return {("Deployment", "api")}


def zones_that_are_away_count(world, _):
    for constraint in spec(world, "Deployment", "web")["topologySpreadConstraints"]:
        constraint.pop("nodeTaintsPolicy")
    return {("Deployment", "web")}


def label_of_no_pod(world, _):
    variable = next(each for each in spec(world, "Deployment", "infer")["containers"][0]["env"] if each["name"] == "VRU__KAFKA__CLIENT_RACK")
    variable["valueFrom"]["fieldRef"]["fieldPath"] = "metadata.labels['kubernetes.io/hostname']"
    return {("Deployment", "infer")}


def another_image(_, cluster):
    cluster.kubectl("set", "image", "deployment/web", "web=example@sha256:" + "0" * 64, "--namespace", NAMESPACE)
    return set()


def no_budget(_, cluster):
    cluster.kubectl("delete", "poddisruptionbudget", "web", "--namespace", NAMESPACE)
    return set()


def budget_without_room(world, _):
    budget = next(each for each in world.of("PodDisruptionBudget") if each["metadata"]["name"] == "web")
    budget["spec"].pop("maxUnavailable")
    budget["spec"]["minAvailable"] = "100%"
    return {("PodDisruptionBudget", "web")}


def budget_without_limit(world, _):
    budget = next(each for each in world.of("PodDisruptionBudget") if each["metadata"]["name"] == "web")
    budget["spec"]["maxUnavailable"] = "100%"
    return {("PodDisruptionBudget", "web")}


def all_at_once(world, _):
    world.find("Deployment", "web")["spec"]["strategy"]["rollingUpdate"] = {"maxUnavailable": "100%", "maxSurge": 0}
    return {("Deployment", "web")}


def binding_gone(_, cluster):
    cluster.kubectl("delete", "validatingadmissionpolicybinding", "vru-workloads")
    return set()


def namespace_open(world, _):
    world.find("Namespace", "monitoring")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "baseline"
    return {("Namespace", "monitoring")}


def secret_gone(_, cluster):
    cluster.kubectl("delete", "secret", "vru-keys", "--namespace", NAMESPACE)
    return set()


def waiting(cluster, *_):
    try:
        cluster.until("every pod runs", lambda: running.settled(cluster), seconds=20)
    except Failed as failed:
        return [str(failed)]
    return []


def placement(cluster, *_):
    cluster.until("every pod runs", lambda: running.settled(cluster))
    return running.misplaced(cluster)


def difference(cluster, release, _):
    return [release.difference()]


def parts(cluster, *_):
    return running.missing_parts(cluster)


def budgets(cluster, *_):
    return drains.without_budget(cluster)


def drained(cluster, *_):
    node = next(pod for pod in running.running(cluster) if running.name_of_app(pod) == "web")["spec"]["nodeName"]
    return drains.problems(cluster, [[node]], seconds=15)


def evicted(cluster, *_):
    return evictions.problems(cluster)[0]


def zone_drained(cluster, *_):
    # In the zones that stay no pod of the app may be added; the others move.
    cluster.until("every pod runs", lambda: running.settled(cluster))
    return drains.problems(cluster, [nodes.in_zone("a")], seconds=15, settle=20)


def zones(cluster, *_):
    cluster.until("every pod runs", lambda: running.settled(cluster))
    return running.without_zone(cluster)


def restarted(cluster, *_):
    with Watch(cluster) as watch:
        cluster.kubectl("rollout", "restart", "deployment/web", "--namespace", NAMESPACE)
        cluster.until("every pod runs", lambda: running.settled(cluster))
    return watch.below({"web": 2})


def policies(cluster, _, documents):
    return admission.by_policies(cluster, documents)[0]


def pod_security(cluster, *_):
    return admission.by_pod_security(cluster)[0]


MISTAKES = [
    ("a GPU's toleration with another value", wrong_toleration, waiting, "untolerated taint"),
    ("a web server on nodes with GPUs", on_gpu_nodes, placement, "asks for no GPU and is on gpu-"),
    ("replicas in one zone", in_one_zone, placement, "api is not spread over the zones"),
    ("a zone that counts although it is drained", zones_that_are_away_count, zone_drained, "runs elsewhere: web has"),
    ("a label that pods do not get", label_of_no_pod, zones, "VRU__KAFKA__CLIENT_RACK is None"),
    ("an image that somebody changed", another_image, difference, "example@sha256"),
    ("a workload without a budget", no_budget, budgets, "web has no budget"),
    ("a budget that stops every drain", budget_without_room, drained, "cannot be drained"),
    ("a budget that lets every pod go", budget_without_limit, evicted, "web: its budget refused none of 3 evictions"),
    ("a roll-out that stops all at once", all_at_once, restarted, "web had 0 ready pods"),
    ("a policy that binds nothing", binding_gone, policies, "no readiness probe (a change) was not refused"),
    ("a namespace without `restricted`", namespace_open, pod_security, "monitoring: a pod with root was not refused"),
    ("a Secret that nobody made", secret_gone, parts, "there is no Secret vru-keys"),
]
