"""Every query of every panel and rule on a real Prometheus that scrapes a real demo: each must give data, or be of a metric in rare.py, and then
promtool computes it. Then: nothing that the demo wrote to a log has a secret of it.

    live.py PROGRAM    the path of `vru`
"""

import json
import sys
import tempfile
import time
import urllib.error
from pathlib import Path

import build
import rare
import synthetic
from metrics import ROOT
from promql import selectors
from secrets_in_logs import secrets_of, shown
from servers import RATE, Demo, Prometheus, ask

# How long data may take to come. The demo runs a little longer.
DEADLINE = 75


def queries(groups, dashboards):
    """Place → query that must give data."""
    for dashboard in dashboards:
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                place, query = f"{dashboard['uid']}/{panel['title']}/{target['refId']}", target["expr"]
                # What counts cameras that do not watch is empty while all do.
                parts = [each.text for each in selectors(query)] if " == 0" in query else [query]
                yield from ((f"{place}/{number}", part) for number, part in enumerate(parts))
    for group in groups:
        for rule in group["rules"]:
            if "record" in rule:
                yield rule["record"], rule["expr"]
            else:
                # An alert gives nothing while all is well: each of its series must be there.
                for number, each in enumerate(selectors(rule["expr"])):
                    yield f"{rule['alert']}/{rule['labels'].get('window', '')}{number}", each.text


def filled(query, variables):
    """As Grafana fills it in. `or vector(0)` would hide a series that is missing."""
    for name, value in {"__rate_interval": RATE, **variables}.items():
        query = query.replace(f"${name}", value)
    return query.replace(" or vector(0)", "")


def variables(prometheus, dashboards):
    """The first value of each variable of a dashboard, as Grafana asks for them."""
    found = {}
    for dashboard in dashboards:
        for each in dashboard["templating"]["list"]:
            if each["type"] == "query":
                metric, label = each["query"]["query"].removeprefix("label_values(").removesuffix(")").split(", ")
                values = prometheus.get(f"label/{label}/values", **{"match[]": metric})
                if values:
                    found[each["name"]] = values[0]
    return found


def empty(prometheus, wanted, dashboards):
    """The queries that give nothing now."""
    values = variables(prometheus, dashboards)
    return {place: query for place, query in wanted.items() if not prometheus.query(filled(query, values))}


def is_rare(query):
    return any(each.metric in rare.RARE or each.text in rare.RARE for each in selectors(query))


def look(demo, prometheus, groups, dashboards):
    """Asks until every query that must has given data. A query that once gave data is not asked again."""
    wanted, until = dict(queries(groups, dashboards)), time.monotonic() + DEADLINE
    total = len(wanted)
    while True:
        for path in ("/", "/api/v1/session"):
            try:
                ask(f"http://127.0.0.1:{demo.api}{path}")
            except urllib.error.HTTPError:
                pass  # 401: nobody is logged in. That is a request, too.
        wanted = empty(prometheus, wanted, dashboards)
        missing = {place: query for place, query in wanted.items() if not is_rare(query)}
        if not missing or time.monotonic() > until or demo.process.poll() is not None:
            print(f"{total} queries: {total - len(wanted)} gave data, {len(wanted) - len(missing)} are of events that did not happen")
            return [f"{place}: gives no data: {query}" for place, query in missing.items()], {place: query for place, query in wanted.items() if is_rare(query)}
        time.sleep(2)


def problems(program, groups, dashboards, folder):
    with Demo(program, folder, DEADLINE + 60) as demo:
        demo.find_doors()
        with Prometheus(folder, demo.admin, groups) as prometheus:
            found, rest = look(demo, prometheus, groups, dashboards)
            found += prometheus.faulty_rules()
        hidden = secrets_of(demo)
    return found + synthetic.problems(rest, groups) + shown(demo, hidden)


def main():
    started = time.monotonic()
    groups = [group.group() for group in build.GROUPS]
    dashboards = [json.loads(path.read_text()) for path in sorted((ROOT / "observability/dashboards").glob("*.json"))]
    with tempfile.TemporaryDirectory() as folder:
        # PostgreSQL runs as another user.
        Path(folder).chmod(0o755)
        found = problems(sys.argv[1], groups, dashboards, folder)
    for problem in found:
        print(f"observability: {problem}", file=sys.stderr)
    print(f"observability took {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
