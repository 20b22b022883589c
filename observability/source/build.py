"""Writes rules and dashboards from the descriptions in this folder, or with --check says which files differ from them."""

import argparse
import json
import sys
from pathlib import Path

import yaml

import alerts
import dashboards
import grafana
import scaling
import slos

ROOT = Path(__file__).resolve().parents[2]
NOTE = "# Made by `make observability` from observability/source; a change belongs there.\n"
GROUPS = (*scaling.GROUPS, *slos.GROUPS, *alerts.GROUPS)
RULES = ROOT / "observability/rules/vru.yaml"
OBJECTS = ROOT / "k8s/components/monitoring/rules.yaml"
DASHBOARDS = ROOT / "observability/dashboards"


class Dumper(yaml.SafeDumper):
    """Indents lists under their key, as the other YAML here does."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def text(value):
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=1000, allow_unicode=True)


def rule_object(group):
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": group.name, "namespace": "vru-detection", "labels": {"app.kubernetes.io/part-of": "vru"}},
        "spec": {"groups": [group.group()]},
    }


def files(groups=GROUPS, all_dashboards=dashboards.ALL):
    """Path → what belongs there."""
    found = {
        RULES: NOTE + text({"groups": [group.group() for group in groups]}),
        OBJECTS: NOTE + "---\n".join(text(rule_object(group)) for group in groups),
    }
    for each in all_dashboards:
        found[DASHBOARDS / f"{each.uid}.json"] = json.dumps(grafana.dashboard(each), indent=1) + "\n"
    return found


def stale():
    """What differs from the source, in words."""
    wanted = files()
    found = [f"{path.relative_to(ROOT)} is not what observability/source makes: run make observability"
             for path, content in wanted.items() if not path.is_file() or path.read_text() != content]
    return found + [f"{path.relative_to(ROOT)} is made by nothing" for path in DASHBOARDS.glob("*.json") if path not in wanted]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        found = stale()
        print("\n".join(found), file=sys.stderr)
        return 1 if found else 0
    for path, content in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
