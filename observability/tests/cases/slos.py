"""The same for each promise: a part of the events is broken, at a steady rate."""

from cases.case import Case

EVENTS = 100_000  # a minute


def frames(bad):
    return {'ingest_received_frames_total{camera="a"}': (1, 1), 'ingest_dropped_frames_total{camera="a",reason="kafka_down"}': (bad, 0)}


def alerts(bad):
    good = 1 - bad
    return {'sink_glass_to_alert_seconds_count{sink="alerts"}': (1, 1), 'sink_glass_to_alert_seconds_bucket{sink="alerts",le="1.6384"}': (good, 1)}


def requests(bad):
    return {'api_http_requests_total{method="GET",resource="sites",status="200"}': (1 - bad, 1),
            'api_http_requests_total{method="GET",resource="sites",status="503"}': (bad, 0)}


def series(make, bad, minutes, then=0):
    """`bad` is the part that is broken, for so many minutes; `then` follows as many minutes in which nothing is."""
    found = {}
    for name, (part, healthy) in make(bad).items():
        step = round(EVENTS * part)
        end = step * minutes
        found[name] = f"0+{step}x{minutes}" + (f" {end}+{EVENTS * healthy:.0f}x{then}" if then else "")
    return found


def of(alert, make, budget):
    burns = (("1h", 20, "10m", "page"), ("6h", 8, "40m", "page"), ("1d", 4, "3h", "ticket"), ("3d", 2, "4h", "ticket"))
    for window, times, at, severity in burns:
        minutes = int(at[:-1]) * {"m": 1, "h": 60}[at[-1]]
        # Faster spending raises the slower alerts, too, once they have held long enough.
        slower = {"3h": ({"severity": "ticket", "window": "1d"},), "4h": ({"severity": "ticket", "window": "3d"},)}
        fires = slower.get(at) or ({"severity": severity, "window": window},)
        yield Case(alert, f"spent {times} times too fast", series(make, times * budget, minutes), at, fires)
    yield Case(alert, "spent as fast as allowed", series(make, 0.9 * budget, 240), "4h")
    yield Case(alert, "nothing is broken", series(make, 0, 60), "1h")
    yield Case(alert, "over since forty minutes", series(make, 20 * budget, 10, 40), "50m")
    yield Case(alert, "nothing happens", {}, "1h")


CASES = (
    *of("FramesLostBudget", frames, 0.001),
    *of("GlassToAlertBudget", alerts, 0.01),
    *of("ApiErrorBudget", requests, 0.001),
)
