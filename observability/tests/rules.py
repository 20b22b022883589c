"""Rules and alerts: promtool reads them and computes the cases; each alert has a runbook and cases in which it fires and does not."""

import re
import subprocess
import tempfile
from pathlib import Path

import yaml

import metrics

ROOT = metrics.ROOT
INTERVAL = "1m"


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    return done.returncode, (done.stdout + done.stderr).strip()


def problems(groups, cases, always):
    """`groups` is the content of the file of rules; `always` are the alerts that cannot be quiet."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = written(groups, Path(folder) / "rules.yaml")
        code, said = run("promtool", "check", "rules", "--lint-fatal", path)
        if code:
            return [f"promtool check rules: {said}"]
        # Each group with the records only: promtool computes every rule at every minute of every case.
        records = [group for group in groups if any("record" in rule for rule in group["rules"])]
        for group in groups:
            mine = [case for case in cases if any(rule.get("alert") == case.alert for rule in group["rules"])]
            if mine:
                found += computed(groups, mine, written([*records, group], Path(folder) / f"{group['name']}.yaml"))
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    records = metrics.recorded(groups)
    for group in groups:
        for rule in group["rules"]:
            found += metrics.problems(rule.get("alert") or rule["record"], rule["expr"], records)
    for rule in alerts:
        mine = [case for case in cases if case.alert == rule["alert"]]
        labels = {key: rule["labels"][key] for key in ("severity", "window") if key in rule["labels"]}
        # An alert of several rules says in its cases which of them fires.
        fires = [one for case in mine for one in case.fires if all(one.get(key, value) == value for key, value in labels.items())]
        if not fires:
            found.append(f"{rule['alert']} {labels}: no case in which it fires")
        if rule["alert"] not in always and all(case.fires for case in mine):
            found.append(f"{rule['alert']}: no case in which it does not fire")
    for name in {case.alert for case in cases} - {rule["alert"] for rule in alerts}:
        found.append(f"{name}: has cases and is no alert")
    return found


def written(groups, path):
    path.write_text(yaml.safe_dump({"groups": groups}))
    return path


def computed(groups, cases, path):
    """What promtool says of the cases."""
    tests = []
    for case in cases:
        rules = [rule for group in groups for rule in group["rules"] if rule.get("alert") == case.alert]
        tests.append({
            "name": f"{case.alert}: {case.what}",
            "interval": INTERVAL,
            "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
            "alert_rule_test": [{"eval_time": case.at, "alertname": case.alert, "exp_alerts": [expected(rules, labels) for labels in case.fires]}],
        })
    # By name, because promtool says only which number of a file failed.
    test = path.with_name("tests.yaml")
    test.write_text(yaml.safe_dump({"rule_files": [path.name], "evaluation_interval": INTERVAL, "tests": tests}, sort_keys=False))
    code, said = run("promtool", "test", "rules", test)
    return [f"promtool test rules: {said}"] if code else []


def expected(rules, labels):
    """The alert with its annotations as Prometheus fills them in."""
    rule = next((rule for rule in rules if all(labels.get(key, value) == value for key, value in rule["labels"].items())), None)
    if rule is None:
        return {"exp_labels": labels, "exp_annotations": {}}
    fill = lambda text: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda each: labels.get(each[1], ""), text)  # noqa: E731
    return {"exp_labels": rule["labels"] | labels, "exp_annotations": {key: fill(text) for key, text in rule["annotations"].items()}}
