from dashboards.queries import quantile, rate
from model import Dashboard, Panel, Row

HERE = '{camera="$camera"}'

DASHBOARD = Dashboard(
    "vru-camera", "vru / One camera", "What became of one camera's frames, from its connection to its alerts.",
    (
        Row("Connection", (
            Panel("Watches", {"": f"max(ingest_camera_connected{HERE})"}, kind="stat", width=4, height=6, steps=((None, "red"), (1, "green")),
                  what="Runbook: CameraNotWatching"),
            Panel("Sessions that began, a minute", {"": f"60 * ({rate('ingest_sessions_total', '', HERE)})"}, width=6, height=6),
            Panel("Failed connections a minute", {"{{kind}}": f"60 * ({rate('ingest_errors_total', 'kind', HERE)})"}, width=7, height=6),
            Panel("Packets lost a second", {"": rate("ingest_lost_packets_total", "", HERE)}, width=7, height=6),
        )),
        Row("Frames", (
            Panel("A second", {
                "from the camera": rate("ingest_received_frames_total", "", HERE), "in Kafka": rate("ingest_sent_frames_total", "", HERE),
                "analysed": rate("infer_sent_frames_total", "", HERE),
            }),
            Panel("Skipped before they were frames, a second", {"{{reason}}": rate("ingest_skipped_units_total", "reason", HERE)}, stacked=True),
            Panel("Dropped a second", {
                "ingest: {{reason}}": rate("ingest_dropped_frames_total", "reason", HERE), "infer: {{reason}}": rate("infer_dropped_frames_total", "reason", HERE),
            }, stacked=True),
            Panel("In its queue, p95", {"": quantile(0.95, "ingest_queue_seconds", "", HERE)}, "s"),
            Panel("Until Kafka acknowledges, p95", {"": quantile(0.95, "ingest_publish_seconds", "", HERE)}, "s"),
            Panel("Bytes a second", {"": rate("ingest_sent_bytes_total", "", HERE)}, "Bps"),
        )),
        Row("What it showed", (
            Panel("Road users a second", {"": rate("infer_sent_objects_total", "", HERE)}),
            Panel("Alerts a minute", {"raised": f"60 * ({rate('infer_sent_alerts_total', '', HERE)})", "ended": f"60 * ({rate('infer_ended_alerts_total', '', HERE)})"}),
            Panel("Line crossings a minute", {"{{line}} {{direction}} {{class}}": f"60 * ({rate('infer_line_crossings_total', 'line, direction, class', HERE)})"}),
        )),
        Row("Its clock and its file", (
            Panel("Clock a minute", {"set": f"60 * ({rate('ingest_clock_jumps_total', '', HERE)})", "in the future": f"60 * ({rate('ingest_impossible_times_total', '', HERE)})"}),
            Panel("Frames of a file that were made smaller, a second", {"": rate("ingest_shrunk_frames_total", "", HERE)}),
            Panel("Live pictures made a second", {"{{rendition}}": rate("live_messages_total", "rendition", HERE)}),
        )),
    ),
    {"camera": "label_values(ingest_received_frames_total, camera)"},
)
