from dashboards.queries import mean, quantile, rate
from model import Dashboard, Panel, Row

DASHBOARD = Dashboard(
    "vru-infer", "vru / Inference", "The model, what feeds it, and what comes out.",
    (
        Row("The model", (
            Panel("Runs", {"{{model}} {{version}} on {{provider}}": "count by (model, version, provider) (infer_model_info)"}, kind="stat", height=4,
                  what="Workers by model. More than one model: a roll-out is under way."),
            Panel("Part of the time that it runs", {"{{pod}}": "infer_model_busy_ratio"}, "percentunit", height=4),
            Panel("Frames in a batch", {"{{provider}}": mean("infer_batch_frames", "provider")}, height=4),
        )),
        Row("Frames", (
            Panel("A second", {"received": rate("infer_received_frames_total"), "analysed": rate("infer_sent_frames_total")}),
            Panel("Skipped a second", {"{{reason}}": rate("infer_dropped_frames_total", "reason")}, stacked=True, what="Runbook: InferenceOverloaded"),
            Panel("Missing in the sequence, a second", {"{{camera}}": rate("infer_sequence_gap_frames_total", "camera")},
                  what="Kafka deleted them before they were read. Runbook: FramesLostBudget"),
            Panel("Age at the end of inference, p95", {"{{delivery}}": quantile(0.95, "infer_frame_age_seconds", "delivery")}, "s"),
            Panel("Seconds in each stage, mean", {"{{stage}}": mean("infer_stage_seconds", "stage")}, "s"),
            Panel("Waiting frames", {"{{camera}}": "sum by (camera) (infer_waiting_frames)"}, stacked=True),
        )),
        Row("What comes out", (
            Panel("Road users a second", {"{{camera}}": rate("infer_sent_objects_total", "camera")}, stacked=True),
            Panel("Alerts a minute", {"raised": f"60 * ({rate('infer_sent_alerts_total')})", "ended": f"60 * ({rate('infer_ended_alerts_total')})"}),
            Panel("Line crossings a minute", {"{{line}} {{direction}}": f"60 * ({rate('infer_line_crossings_total', 'line, direction')})"}),
        )),
        Row("Workers", (
            Panel("Partitions", {"{{topic}}": "sum by (topic) (infer_assigned_partitions)"}),
            Panel("Paused partitions", {"{{topic}}": "sum by (topic) (infer_paused_partitions)"}, what="A file waits for the model."),
            Panel("Failed operations a second", {"{{operation}}": rate("infer_errors_total", "operation")}),
            Panel("States lost at a hand-over, a second", {
                "rules": rate("infer_rule_states_lost_total"), "counting": rate("infer_counting_states_lost_total"),
                "tracker": rate("infer_tracker_states_lost_total"),
            }),
            Panel("Alerts without their snapshot, a second", {"{{reason}}": rate("infer_snapshots_lost_total", "reason")}),
            Panel("Live states not written, a second", {"{{reason}}": rate("infer_dropped_live_states_total", "reason")}),
        )),
    ),
)
