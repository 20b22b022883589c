from dashboards.queries import rate
from model import Dashboard, Panel, Row
from slos import PERIOD_DAYS, SLOS, WINDOWS


def row(slo):
    name = slo.alert.removesuffix("Budget")
    left = f"1 - avg_over_time({slo.ratio('1h')}[{PERIOD_DAYS}d]) / {slo.budget:g}"
    return Row(f"{slo.alert}: {slo.promise}", (
        Panel(f"{name}: budget left", {"": left}, "percentunit", "stat", f"Of {PERIOD_DAYS} days, as far as Prometheus remembers.", 4, steps=((None, "red"), (0.25, "green"))),
        Panel(f"{name}: times too fast", {window: f"{slo.ratio(window)} / {slo.budget:g}" for window in ("5m", *WINDOWS)}, width=10,
              what="1 spends the budget in exactly a month; 14.4 over an hour wakes somebody."),
        Panel(f"{name}: broken and all, a second", {"broken": f"vru:{slo.name}_bad:rate5m", "all": f"vru:{slo.name}:rate5m"}, width=10),
    ))


DASHBOARD = Dashboard(
    "vru-slos", "vru / SLOs", "How much of each promise's budget is left, and how fast it is spent.",
    (*(row(slo) for slo in SLOS),
     Row("Inference", (
         Panel("Part of live frames that were skipped", {"": "infer_dropped_live_ratio"}, "percentunit", maximum=1, what="Runbook: InferenceOverloaded"),
         Panel("Part of the time that the model runs", {"{{pod}}": "infer_model_busy_ratio"}, "percentunit"),
         Panel("Clocks: captures in the future, a second", {"{{stage}}": rate("clock_negative_latencies_total", "stage")}),
     ))),
)
