"""Mistakes that people make in alerts, dashboards and their surroundings: each must be found by its words."""

import copy
import tempfile
from pathlib import Path

import agents
import cases
import collectors
import metrics
import panels
import routes
import rules
import runbooks


def alert(groups, name):
    return next(rule for group in groups for rule in group["rules"] if rule.get("alert") == name)


def panel(dashboards, uid, title):
    return next(panel for each in dashboards if each["uid"] == uid for panel in each["panels"] if panel["title"] == title)


def expr(name, old, new):
    def change(groups, _):
        alert(groups, name)["expr"] = alert(groups, name)["expr"].replace(old, new)
    return change


def query(title, old, new):
    def change(_, dashboards):
        for target in panel(dashboards, "vru-overview", title)["targets"]:
            target["expr"] = target["expr"].replace(old, new)
    return change


def lies_on_another(_, dashboards):
    panel(dashboards, "vru-overview", "Firing")["gridPos"]["x"] = 16


def another_alert(groups, _):
    new = copy.deepcopy(alert(groups, "WebhookFailing")) | {"alert": "WebhookBroken"}
    next(group for group in groups if group["name"] == "doors")["rules"].append(new)


# What is done to rules and dashboards, the check that must find it, and its words.
MISTAKES = [
    ("a misspelt metric in an alert", expr("WebhookFailing", "api_webhooks_failing", "api_webhook_failing"), "rules", "no program has the metric api_webhook_failing"),
    ("a label that the metric lacks", expr("CameraNotWatching", "by (camera)", "by (site)"), "rules", "by site, which no metric of the query has"),
    ("a value that the label never has", expr("SinkLag", '"postgres"', '"postgresql"'), "rules", "the value postgresql"),
    ("a threshold that never holds", expr("DiskFull", "< 0.05", "< 0.005"), "rules", "FAILED"),
    ("an alert that is always on", expr("CameraNotWatching", "== 0", ">= 0"), "rules", "FAILED"),
    ("a query that is no PromQL", expr("SinkLag", "rate(", "rat("), "rules", "promtool check rules"),
    ("an alert that waits too long", lambda groups, _: alert(groups, "SinkStopped").update({"for": "1h"}), "rules", "FAILED"),
    ("an alert without cases", another_alert, "rules", "WebhookBroken {'severity': 'ticket'}: no case in which it fires"),
    ("an alert without a runbook", another_alert, "runbooks", "WebhookBroken: has no runbook"),
    ("a misspelt metric in a panel", query("Road users a second", "infer_sent_objects", "infer_sent_object"), "panels", "no program has the metric infer_sent_object_total"),
    ("a label that is not grouped by", query("Requests a second", "by (status)", "by (code)"), "panels", "by code, which no metric of the query has"),
    ("a panel that lies on another", lies_on_another, "panels", "lies on"),
    ("a kind of panel that is none", lambda _, dashboards: panel(dashboards, "vru-overview", "Firing").update(type="number"), "panels", "has no panel number"),
    ("a variable that is not there", query("Memory", "process_resident_memory_bytes", 'process_resident_memory_bytes{pod="$worker"}'), "panels", "uses the variables ['worker']"),
]
# The text of a runbook, and what is wrong with it.
RUNBOOKS = [
    ("deploy/sink-postgres", "deploy/sink-postgresql", "there is no Deployment sink-postgresql"),
    ("## Impact", "## Effect", "has not the parts"),
    ("localhost:8003/metrics", "localhost:8003/statistics", "no program serves /statistics"),
]
ROUTE = ("severity = page", "severity = critical", "does not reach pager")
AGENT = ("[memory_limiter, redaction, batch]", "[memory_limiter, batch]", "sends a password on")
COLLECTOR = ("memory_limiter: {check_interval", "memory_limiter: {interval", "has invalid keys")


def missed(groups, dashboards, collector):
    """Mistakes that no check finds, and how many were tried."""
    found, records = [], metrics.recorded(groups)
    tried = MISTAKES + RUNBOOKS + [ROUTE, AGENT, COLLECTOR]
    for what, change, check, words in MISTAKES:
        here, there = copy.deepcopy(groups), copy.deepcopy(dashboards)
        change(here, there)
        said = {"rules": lambda: rules.problems(changed(here, groups), cases_of(here, groups), set()), "runbooks": lambda: runbooks.problems(here),
                "panels": lambda: [problem for each in there for problem in panels.problems(each, records)]}[check]()
        if not any(words in problem for problem in said):
            found.append(f"a mistake was not found: {what}; the check said {said[:5]}")
    with tempfile.TemporaryDirectory() as folder:
        text = (runbooks.FOLDER / "SinkLag.md").read_text()
        for old, new, words in RUNBOOKS:
            said = list(runbooks.of_one("SinkLag", text.replace(old, new)))
            if not any(words in problem for problem in said):
                found.append(f"a mistake in a runbook was not found: {new}; the check said {said}")
        path = Path(folder) / "alertmanager.yaml"
        path.write_text((metrics.ROOT / "observability/alertmanager/alertmanager.yaml").read_text().replace(*ROUTE[:2]))
        if not any(ROUTE[2] in problem for problem in routes.problems(path, [])):
            found.append("a wrong route was not found")
    said = agents.problems(collector, lambda text: text.replace(*AGENT[:2]))
    if not any(AGENT[2] in problem for problem in said):
        found.append(f"an agent that removes no password was not found; the check said {said}")
    said = collectors.problems(collector, lambda text: text.replace(*COLLECTOR[:2]))
    if not any(COLLECTOR[2] in problem for problem in said):
        found.append(f"a wrong key of the collector was not found; the check said {said}")
    return found, len(tried)


def changed(groups, before):
    """Groups that differ, and the records that they need: the others are tested already."""
    return [group for group, old in zip(groups, before) if group != old or any("record" in rule for rule in group["rules"])]


def cases_of(groups, before):
    names = {rule["alert"] for group, old in zip(groups, before) if group != old for rule in group["rules"] if "alert" in rule}
    return [case for case in cases.ALL if case.alert in names]
