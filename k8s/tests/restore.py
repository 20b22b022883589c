"""The component `postgres-restore`: with it, the database of the overlay begins with what `postgres` has backed up."""

import tempfile
from pathlib import Path

from render import ROOT, render


def problems():
    with tempfile.TemporaryDirectory(dir=ROOT / "k8s", prefix="restore-") as folder:
        text = "resources: [../overlays/onprem]\ncomponents: [../components/postgres-restore]\n"
        (Path(folder) / "kustomization.yaml").write_text(text)
        restored = of(render(Path("..") / Path(folder).name))
    return compared(of(render("onprem")), restored)


def of(documents):
    """The cluster, and where its backups go."""
    kinds = {document["kind"]: document for document in documents if document["metadata"]["name"] == "vru-database"}
    return kinds["Cluster"]["spec"], kinds["ObjectStore"]["metadata"]["name"]


def compared(before, after):
    (lost, store), (new, new_store) = before, after
    found = []
    recovery = new["bootstrap"].get("recovery", {})
    sources = {cluster["name"]: cluster["plugin"] for cluster in new.get("externalClusters", [])}
    source = sources.get(recovery.get("source"))
    archive = next(plugin for plugin in new["plugins"] if plugin.get("isWALArchiver"))["parameters"]
    if "initdb" in new["bootstrap"] or source is None:
        return ["postgres-restore: the cluster does not begin with a backup"]
    if (source["name"], source["parameters"]["barmanObjectName"]) != (lost["plugins"][0]["name"], store) or store != new_store:
        found.append("postgres-restore: the backup is read from another place than it is written to")
    # A cluster without a server name archives under its own.
    if source["parameters"]["serverName"] != lost["plugins"][0]["parameters"].get("serverName", "vru-database"):
        found.append("postgres-restore: the backups of another cluster are read")
    if archive.get("serverName") in (None, source["parameters"]["serverName"]):
        found.append("postgres-restore: the new cluster archives to where the lost one did, which CloudNativePG refuses")
    initdb = lost["bootstrap"]["initdb"]
    if any(recovery.get(key) != initdb[key] for key in ("database", "owner", "secret")):
        found.append("postgres-restore: database, owner and password are not those of the lost cluster")
    if lost["postgresql"]["parameters"].get("archive_timeout") != "30s":
        found.append("postgres: the log is not archived within half a minute, as docs/backup.md says")
    return found
