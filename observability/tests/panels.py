"""Dashboards: queries name what exists, and the JSON is what Grafana imports, as far as that is known without a Grafana."""

from itertools import combinations

import metrics
from promql import selectors

TYPES = {"row", "timeseries", "stat", "table", "bargauge"}
# Of Grafana's units, those that are used here.
UNITS = {"short", "s", "bytes", "Bps", "reqps", "percentunit"}
PANEL = {"id", "type", "title", "description", "datasource", "gridPos", "targets", "fieldConfig", "options"}
ROW = {"id", "type", "title", "collapsed", "panels", "gridPos"}
TARGET = {"refId", "datasource", "expr", "legendFormat", "range", "instant", "format"}


def problems(dashboard, records):
    """`dashboard` is its JSON."""
    name = dashboard["uid"]
    found = []
    variables = {each["name"] for each in dashboard["templating"]["list"]} | {"__rate_interval"}
    for each in dashboard["templating"]["list"]:
        if each["type"] == "query":
            inside = each["query"]["query"].removeprefix("label_values(").removesuffix(")").split(", ")
            found += metrics.problems(f"{name}, variable {each['name']}", f"count by ({inside[1]}) ({inside[0]})", records)
    for mark in dashboard["annotations"]["list"]:
        found += metrics.problems(f"{name}, annotation {mark['name']}", mark["expr"], records)
    numbers = [panel["id"] for panel in dashboard["panels"]]
    if len(set(numbers)) != len(numbers):
        found.append(f"{name}: two panels have one id")
    titles = [panel["title"] for panel in dashboard["panels"]]
    found += [f"{name}: two panels are called {title}" for title in {title for title in titles if titles.count(title) > 1}]
    for panel in dashboard["panels"]:
        found += [f"{name}/{panel['title']}: {problem}" for problem in of_panel(panel, variables)]
        for target in panel.get("targets", []):
            found += metrics.problems(f"{name}/{panel['title']}", target["expr"], records)
    for one, other in combinations(dashboard["panels"], 2):
        if overlap(one["gridPos"], other["gridPos"]):
            found.append(f"{name}: {one['title']} lies on {other['title']}")
    return found


def of_panel(panel, variables):
    keys = ROW if panel["type"] == "row" else PANEL
    if panel["type"] not in TYPES:
        yield f"Grafana has no panel {panel['type']}, or this test does not know it"
    if set(panel) != keys:
        yield f"has or lacks {sorted(set(panel) ^ keys)}"
    place = panel["gridPos"]
    if place["x"] + place["w"] > 24 or min(place.values()) < 0 or not place["w"] * place["h"]:
        yield "does not fit into 24 columns"
    if panel["type"] == "row":
        return
    unit = panel["fieldConfig"]["defaults"]["unit"]
    if unit not in UNITS:
        yield f"unit {unit}"
    if not panel["targets"]:
        yield "has no query"
    for target in panel["targets"]:
        if set(target) - TARGET:
            yield f"a query has {sorted(set(target) - TARGET)}"
        used = {word.split("}")[0].strip("{}") for word in target["expr"].replace('"', " ").replace("]", " ").replace("[", " ").split() if word.startswith("$")}
        unknown = {word.lstrip("$") for word in used} - variables
        if unknown:
            yield f"uses the variables {sorted(unknown)}, which the dashboard lacks"
        labels = {label for each in selectors(target["expr"]) for label in (metrics.registered() | metrics.OTHERS).get(each.metric, set())} | metrics.TARGET
        legend = set(part.split("}}")[0] for part in target["legendFormat"].split("{{")[1:])
        if any(each.metric in metrics.registered() for each in selectors(target["expr"])) and legend - labels:
            yield f"the legend has {sorted(legend - labels)}, which no series has"


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])
