from dashboards.queries import mean, quantile, rate
from model import Dashboard, Panel, Row

DASHBOARD = Dashboard(
    "vru-sinks", "vru / Sinks", "Detections and alerts on their way to rows, objects and subscribers.",
    (
        Row("Rows", (
            Panel("Behind what is published, p95", {"{{sink}}": quantile(0.95, "sink_published_to_stored_seconds", "sink")}, "s", what="Runbook: SinkLag"),
            Panel("Since capture, all stages, p95", {"{{sink}}": quantile(0.95, "sink_capture_to_stored_seconds", "sink")}, "s",
                  what="Of live cameras; files count with the time of their recording."),
            Panel("Published and stored a second", {
                "published": rate("infer_sent_frames_total"), "stored: {{sink}}": rate("sink_stored_frames_total", "sink"),
            }, what="Runbook: SinkStopped"),
            Panel("Time to write, p95", {"{{sink}}": quantile(0.95, "sink_write_seconds", "sink"), "mean {{sink}}": mean("sink_write_seconds", "sink")}, "s"),
            Panel("Rows a second", {
                "detections": rate("sink_stored_detections_total"), "tracks": rate("sink_stored_tracks_total"),
                "alerts": rate("sink_stored_alerts_total", "", '{sink="postgres"}'), "passages": rate("sink_stored_passages_total"),
            }),
            Panel("Failed attempts a second", {"{{sink}}: {{operation}}": rate("sink_errors_total", "sink, operation")}),
            Panel("Already stored, a second", {"frames": rate("sink_duplicate_frames_total"), "alerts": rate("sink_duplicate_alerts_total")},
                  what="After a worker was killed. Nothing is stored twice."),
        )),
        Row("Objects", (
            Panel("Written a minute", {"{{kind}}": f"60 * ({rate('sink_written_objects_total', 'kind')})"}),
            Panel("Bytes a second", {"{{kind}}": rate("sink_written_bytes_total", "kind")}, "Bps", stacked=True),
            Panel("Clips a minute", {"{{outcome}}": f"60 * ({rate('sink_clips_total', 'outcome')})"}, stacked=True),
        )),
        Row("Subscribers", (
            Panel("Capture until in reach, p95", {"": quantile(0.95, "sink_glass_to_alert_seconds")}, "s", what="Runbook: GlassToAlertBudget"),
            Panel("Connected", {"{{state}}": "sum by (state) (sink_alert_subscribers)", "connections": "sum(sink_alert_connections)"}),
            Panel("Alerts sent a second", {"{{source}}": rate("sink_sent_alerts_total", "source")}),
            Panel("Streams that the server ended, a second", {"{{reason}}": rate("sink_ended_streams_total", "reason")}),
            Panel("Refused connections a second", {"{{reason}}": rate("sink_refused_connections_total", "reason")}),
            Panel("Recent alerts kept", {"": "sum(sink_alert_ring_alerts)"}),
        )),
        Row("What is lost or kept too long", (
            Panel("Dead letters a minute", {"{{topic}}: {{reason}}": f"60 * ({rate('dead_letters_sent_records_total', 'topic, reason')})"}, what="Runbook: DeadLetters"),
            Panel("Records that Kafka deleted before, a second", {"{{sink}}: {{topic}}": rate("sink_missed_records_total", "sink, topic")}, what="Runbook: RecordsMissed"),
            Panel("Retention is suspended", {"{{reason}}": "max by (reason) (sink_retention_suspended)", "sites": "max(api_retention_suspended)"},
                  what="Runbook: RetentionSuspended"),
            Panel("Batches of a former owner, a second", {"{{sink}}": rate("sink_fenced_batches_total", "sink")}),
        )),
    ),
)
