"""Queries of events that did not happen: promtool makes the series up, and the query must give something."""

import tempfile
from itertools import product
from pathlib import Path

import yaml

from metrics import OTHERS, registered
from promql import grouped, selectors
from rules import run

VARIABLE = {"$__rate_interval": "1m", "$camera": "a"}


def problems(queries, groups):
    """`queries`: place → query."""
    tests = []
    for place, query in queries.items():
        for name, value in VARIABLE.items():
            query = query.replace(name, value)
        tests.append({
            "name": place,
            "interval": "15s",
            "input_series": [{"series": series, "values": "1+2x40"} for series in sorted(made_up(query, groups))],
            "promql_expr_test": [{"expr": f"count(({query.replace(' or vector(0)', '')})) > bool 0", "eval_time": "10m",
                                  "exp_samples": [{"labels": "{}", "value": 1}]}],
        })
    if not tests:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tests.yaml"
        path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": tests}, sort_keys=False))
        code, said = run("promtool", "test", "rules", path)
    return [f"promtool, with series that are made up: {said}"] if code else []


def made_up(query, groups):
    known = registered() | OTHERS | {rule["record"]: grouped(rule["expr"]) for group in groups for rule in group["rules"] if "record" in rule}
    for each in selectors(query):
        matched = {label: value.split("|") if "~" in operator else [value] for label, operator, value in each.matchers if operator in ("=", "=~")}
        labels = {label: ["x"] for label in known[each.metric]} | matched
        if "le" in known[each.metric]:
            labels["le"] = ["0.1024", "+Inf"]
        for values in product(*labels.values()):
            pairs = ",".join(f'{label}="{value}"' for label, value in zip(labels, values))
            yield f"{each.metric}{{{pairs}}}"
