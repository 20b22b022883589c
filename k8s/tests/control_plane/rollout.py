"""A new version, as docs/deploy.md rolls it out: until its migrations are applied, the old one serves with all its replicas."""

from cluster import NAMESPACE, Failed
from deploy import JOBS, Release
from running import settled
from watch import Watch

WAITING = ("api", "webhooks", "sink-postgres")


def problems(cluster, overlay):
    found = []
    old = {app: images(cluster, app) for app in WAITING}
    floors = {each["metadata"]["name"]: each["spec"]["replicas"] for each in cluster.get("deployments")}
    new = Release(cluster, overlay, "two", held=True)
    refused = new.apply("--dry-run=server", check=False)
    if refused.returncode == 0 or "field is immutable" not in refused.stderr:
        found.append("a Job of the last version was replaced without being deleted")
    new.delete_jobs()
    with Watch(cluster) as watch:
        new.apply()
        try:
            cluster.until("new pods wait for the migrations", lambda: all(held(cluster, app) for app in WAITING) or "some do not")
            found += [f"{app}: a pod of the old version is gone before the migrations are applied" for app in WAITING
                      if not serving(cluster, app, old[app])]
            new.release("Job")
            cluster.kubectl("wait", "--namespace", NAMESPACE, "--for=condition=complete", *JOBS, "--timeout=170s")
            let_go(cluster, new)
        except Failed as failed:
            found.append(str(failed))
    found += watch.below({app: allowed(cluster, app, floor) for app, floor in floors.items()})
    found += [f"{app} still has images of the old version" for app in WAITING if images(cluster, app) & old[app]]
    return found


def let_go(cluster, new):
    """New pods become ready as soon as they find the migrations."""
    def done():
        new.release("ReplicaSet")
        return settled(cluster)
    cluster.until("the new version runs", done)


def allowed(cluster, app, replicas):
    """What the strategy lets go at once."""
    rolling = next(each for each in cluster.get("deployments") if each["metadata"]["name"] == app)["spec"]["strategy"]["rollingUpdate"]
    unavailable = str(rolling["maxUnavailable"])
    return replicas - (int(replicas * int(unavailable[:-1]) / 100) if unavailable.endswith("%") else int(unavailable))


def pods(cluster, app):
    return [pod for pod in cluster.get("pods", "--selector", f"app.kubernetes.io/name={app}") if "deletionTimestamp" not in pod["metadata"]]


def images(cluster, app):
    return {pod["spec"]["containers"][0]["image"] for pod in pods(cluster, app)}


def held(cluster, app):
    return any(pod["status"]["phase"] == "Pending" and pod["spec"].get("nodeName") for pod in pods(cluster, app))


def serving(cluster, app, old):
    replicas = next(each for each in cluster.get("deployments") if each["metadata"]["name"] == app)["spec"]["replicas"]
    return sum(pod["spec"]["containers"][0]["image"] in old for pod in pods(cluster, app)) == replicas
