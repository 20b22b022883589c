"""The service's promises, and the rules that follow from them: ratios over several windows, and alerts on how fast a budget is spent."""

from dataclasses import dataclass

from model import Alert, Group, Record

PERIOD_DAYS = 30


@dataclass(frozen=True)
class Slo:
    name: str
    # Name of the alert and its runbook.
    alert: str
    area: str
    objective: float
    promise: str
    # Rates of events that broke the promise, and of all events, with WINDOW for the window.
    bad: str
    total: str

    @property
    def budget(self):
        return round(1 - self.objective, 6)

    def ratio(self, window):
        return f"vru:{self.name}_bad:ratio_rate{window}"


def rate_or_none(metric, matchers=""):
    """The sum of a counter's rates; 0 when it has no series yet, since a counter appears with its first event."""
    return f"(sum(rate({metric}{matchers}[WINDOW])) or vector(0))"


SLOS = (
    Slo(
        "glass_to_alert", "GlassToAlertBudget", "infer", 0.99,
        "99 % of alerts are in reach of subscribers within 1.6 s after the frame was captured",
        'sum(rate(sink_glass_to_alert_seconds_count[WINDOW])) - sum(rate(sink_glass_to_alert_seconds_bucket{le="1.6384"}[WINDOW]))',
        "sum(rate(sink_glass_to_alert_seconds_count[WINDOW]))",
    ),
    Slo(
        "frames", "FramesLostBudget", "pipeline", 0.999,
        "99.9 % of the frames that cameras deliver are neither lost nor unreadable (a frame that inference skips for a newer one is not lost)",
        " + ".join((
            rate_or_none("ingest_dropped_frames_total", '{reason=~"queue_full|kafka_down|too_large|rejected"}'),
            rate_or_none("infer_dropped_frames_total", '{reason=~"awaiting_key_frame|undecodable|unreadable|model_failed"}'),
            rate_or_none("infer_sequence_gap_frames_total"),
        )),
        "sum(rate(ingest_received_frames_total[WINDOW]))",
    ),
    Slo(
        "api", "ApiErrorBudget", "api", 0.999,
        "99.9 % of the requests to the API are answered without an error of the service (5xx)",
        rate_or_none("api_http_requests_total", '{status=~"5.."}'),
        "sum(rate(api_http_requests_total[WINDOW]))",
    ),
)

# Long window, short window (which ends the alert soon after the cause), rate of the budget's spending, severity, how long it must hold.
# 14.4 spends 2 % of a month's budget in an hour, 6 spends 5 % in six hours, 3 spends 10 % in a day, 1 spends 10 % in three days.
BURNS = (
    ("1h", "5m", 14.4, "page", "2m"),
    ("6h", "30m", 6, "page", "15m"),
    ("1d", "2h", 3, "ticket", "1h"),
    ("3d", "6h", 1, "ticket", "3h"),
)
WINDOWS = sorted({window for burn in BURNS for window in burn[:2]} - {"5m"}, key=lambda text: int(text[:-1]) * {"m": 1, "h": 60, "d": 1440}[text[-1]])


def records(slo):
    """Rates of 5 minutes are summed over all series once; the long windows are averages of these few numbers."""
    bad, total = f"vru:{slo.name}_bad:rate5m", f"vru:{slo.name}:rate5m"
    yield Record(bad, slo.bad.replace("WINDOW", "5m"))
    yield Record(total, slo.total.replace("WINDOW", "5m"))
    yield Record(slo.ratio("5m"), f"{bad} / ({total} > 0)")
    for window in WINDOWS:
        yield Record(slo.ratio(window), f"avg_over_time({bad}[{window}]) / (avg_over_time({total}[{window}]) > 0)")


def alerts(slo):
    for long, short, burn, severity, hold in BURNS:
        limit = f"{burn} * {slo.budget:g}"
        yield Alert(
            slo.alert, severity, slo.area,
            f"{slo.ratio(long)} > {limit} and {slo.ratio(short)} > {limit}",
            f"The month's budget of {slo.alert.removesuffix('Budget')} is spent {burn:g} times too fast",
            f"Promise: {slo.promise}. Over the last {long} the promise was broken {burn:g} times as often as its budget allows.",
            hold, {"window": long},
        )


GROUPS = (
    Group("slo-ratios", "1m", tuple(record for slo in SLOS for record in records(slo))),
    Group("slo-budgets", "1m", tuple(alert for slo in SLOS for alert in alerts(slo))),
)
