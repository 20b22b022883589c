"""The quick checks of what watches the service (a part of `make validate`); live.py has those that need a running demo. See README.md.

    validate.py COLLECTOR    the path of the collector that scripts/setup.sh builds
"""

import json
import sys
import time

import agents
import build
import cases
import collectors
import metrics
import panels
import routes
import rules
import runbooks
import wrong
from cases.pipeline import ALWAYS


def main():
    started, collector = time.monotonic(), sys.argv[1]
    groups = [group.group() for group in build.GROUPS]
    dashboards = [json.loads(path.read_text()) for path in sorted(build.DASHBOARDS.glob("*.json"))]
    records = metrics.recorded(groups)
    found = build.stale()
    found += rules.problems(groups, cases.ALL, ALWAYS)
    found += runbooks.problems(groups)
    found += [problem for each in dashboards for problem in panels.problems(each, records)]
    found += routes.problems(metrics.ROOT / "observability/alertmanager/alertmanager.yaml", groups)
    found += collectors.problems(collector) + agents.problems(collector)
    rest, tried = wrong.missed(groups, dashboards, collector)
    alerts = sum("alert" in rule for group in groups for rule in group["rules"])
    queries = sum(len(panel.get("targets", [])) for each in dashboards for panel in each["panels"])
    print(f"observability: {alerts} alert rules, {len(cases.ALL)} cases, {len(dashboards)} dashboards with {queries} queries")
    print(f"observability: {tried} mistakes: {tried - len(rest)} found")
    for problem in found + rest:
        print(f"validate: {problem}", file=sys.stderr)
    print(f"observability took {time.monotonic() - started:.0f} s")
    return 1 if found + rest else 0


if __name__ == "__main__":
    sys.exit(main())
