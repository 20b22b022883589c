"""Alertmanager: its configuration is read by amtool, and each alert reaches who it should."""

from rules import run

# Labels → receiver.
ROUTES = (
    ({"alertname": "SinkLag", "severity": "page"}, "pager"),
    ({"alertname": "FramesLostBudget", "severity": "page", "window": "1h"}, "pager"),
    ({"alertname": "FramesLostBudget", "severity": "ticket", "window": "3d"}, "tickets"),
    ({"alertname": "CameraNotWatching", "severity": "ticket", "camera": "a"}, "tickets"),
    ({"alertname": "Watchdog", "severity": "none"}, "watchdog"),
    # Of other programs in the same Prometheus.
    ({"alertname": "KubePodCrashLooping", "severity": "warning"}, "tickets"),
)
BY_SEVERITY = {"page": "pager", "ticket": "tickets", "none": "watchdog"}


def problems(path, groups, routes=ROUTES):
    code, said = run("amtool", "check-config", path)
    if code:
        return [f"amtool check-config: {said}"]
    every = [(rule["labels"] | {"alertname": rule["alert"]}, BY_SEVERITY[rule["labels"]["severity"]])
             for group in groups for rule in group["rules"] if "alert" in rule]
    found = []
    for labels, receiver in (*routes, *every):
        words = [f"{key}={value}" for key, value in labels.items()]
        code, said = run("amtool", "config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receiver}", *words)
        if code:
            found.append(f"alertmanager: {labels} does not reach {receiver}: {said}")
    return found
