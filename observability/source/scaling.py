"""What KEDA asks Prometheus for (k8s/components/autoscaling)."""

from model import Group, Record

DROPPED = 'sum(rate(infer_dropped_frames_total{reason=~"queue_full|overtaken|too_old"}[1m]))'

GROUPS = (
    Group("scaling", "15s", (
        # Seconds of each second in which a worker's model runs. The sum is a counter, so that nothing between two scrapes is missed.
        Record("infer_model_busy_ratio", 'sum by (pod) (rate(infer_stage_seconds_sum{stage="inference"}[1m]))'),
        # The part of live frames that came and were dropped because there was no time for them.
        Record("infer_dropped_live_ratio", f"{DROPPED} / clamp_min(sum(rate(infer_received_frames_total[1m])), 1)"),
    )),
)
