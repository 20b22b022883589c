"""What rules and dashboards are made of, and how each becomes the object that Prometheus or Grafana reads."""

from dataclasses import dataclass, field

RUNBOOKS = "docs/runbooks"


@dataclass(frozen=True)
class Record:
    name: str
    expr: str

    def rule(self):
        return {"record": self.name, "expr": self.expr}


@dataclass(frozen=True)
class Alert:
    """`page`: somebody is woken. `ticket`: it waits for the next working day. `none`: only for the machinery of alerts itself."""

    name: str
    severity: str
    area: str
    expr: str
    summary: str
    description: str
    hold: str = "0m"
    labels: dict = field(default_factory=dict)

    def rule(self):
        rule = {"alert": self.name, "expr": self.expr}
        if self.hold != "0m":
            rule["for"] = self.hold
        return rule | {
            "labels": {"severity": self.severity, "area": self.area, **self.labels},
            "annotations": {"summary": self.summary, "description": self.description, "runbook": f"{RUNBOOKS}/{self.name}.md"},
        }


@dataclass(frozen=True)
class Group:
    name: str
    interval: str
    rules: tuple

    def group(self):
        return {"name": self.name, "interval": self.interval, "rules": [each.rule() for each in self.rules]}


@dataclass(frozen=True)
class Panel:
    """Queries by their legend. `kind` is a panel type of Grafana. A query may use $__rate_interval and the dashboard's variables."""

    title: str
    queries: dict
    unit: str = "short"
    kind: str = "timeseries"
    what: str = ""
    width: int = 8
    height: int = 7
    stacked: bool = False
    maximum: float | None = None
    # (from, colour) steps, for stat panels and thresholds.
    steps: tuple = ()


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    what: str
    rows: tuple
    # Variable → the query that lists its values.
    variables: dict = field(default_factory=dict)
