from dashboards.queries import events, quantile, rate
from model import Dashboard, Panel, Row

GOOD, BAD = "green", "red"

DASHBOARD = Dashboard(
    "vru-overview", "vru / Overview", "Whether cameras are watched and people get their alerts. Each row leads to a dashboard of its own.",
    (
        Row("Now", (
            Panel("Cameras that watch", {"": "sum(ingest_camera_connected)"}, kind="stat", width=4, height=4),
            Panel("Cameras that do not watch", {"": "count(ingest_camera_connected == 0) or vector(0)"}, kind="stat", width=4, height=4,
                  steps=((None, GOOD), (1, BAD)), what="Runbook: CameraNotWatching"),
            Panel("Alerts within 1.6 s", {"": "1 - vru:glass_to_alert_bad:ratio_rate1h"}, "percentunit", "stat", width=4, height=4,
                  steps=((None, BAD), (0.99, GOOD)), what="Of the last hour. Runbook: GlassToAlertBudget"),
            Panel("Frames kept", {"": "1 - vru:frames_bad:ratio_rate1h"}, "percentunit", "stat", width=4, height=4,
                  steps=((None, BAD), (0.999, GOOD)), what="Of the last hour. Runbook: FramesLostBudget"),
            Panel("Requests answered", {"": "1 - vru:api_bad:ratio_rate1h"}, "percentunit", "stat", width=4, height=4,
                  steps=((None, BAD), (0.999, GOOD)), what="Of the last hour. Runbook: ApiErrorBudget"),
            Panel("Firing", {"": 'count(ALERTS{alertstate="firing",severity=~"page|ticket"}) or vector(0)'}, kind="stat", width=4, height=4,
                  steps=((None, GOOD), (1, BAD))),
        )),
        Row("The path of frames", (
            Panel("Frames a second", {
                "from cameras": rate("ingest_received_frames_total"), "analysed": rate("infer_sent_frames_total"),
                "stored": rate("sink_stored_frames_total", "", '{sink="postgres"}'),
            }, what="Analysed may be fewer than from cameras: a newer frame of a camera overtakes an older one."),
            Panel("Lost and skipped frames a second", {
                "ingest: {{reason}}": rate("ingest_dropped_frames_total", "reason"), "infer: {{reason}}": rate("infer_dropped_frames_total", "reason"),
            }, stacked=True),
            Panel("Seconds since capture, p95", {
                "inference": quantile(0.95, "infer_frame_age_seconds", "", '{delivery="live"}'),
                "alert in reach": quantile(0.95, "sink_glass_to_alert_seconds"),
                "row stored": quantile(0.95, "sink_capture_to_stored_seconds", "", '{sink="postgres"}'),
            }, "s"),
        )),
        Row("What comes out", (
            Panel("Road users a second", {"": rate("infer_sent_objects_total")}, width=6),
            Panel("Alerts a minute", {"": f"60 * ({rate('infer_sent_alerts_total')})"}, width=6),
            Panel("Requests a second", {"{{status}}": rate("api_http_requests_total", "status")}, "reqps", stacked=True, width=6),
            Panel("Dead letters a minute", {"{{topic}}": f"60 * ({rate('dead_letters_sent_records_total', 'topic')})"}, width=6, what="Runbook: DeadLetters"),
        )),
        Row("Processes", (
            Panel("Memory", {"{{instance}}": "process_resident_memory_bytes"}, "bytes"),
            Panel("Open files", {"{{instance}}": "process_open_fds"}),
            Panel("Certificates expire in", {"{{server}}": "min by (server) (tls_certificate_expires_seconds) - time()"}, "s",
                  what="Runbook: CertificateExpiring"),
            Panel("Free space", {
                "{{persistentvolumeclaim}}": "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes",
                "{{instance}} {{mountpoint}}": 'node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / node_filesystem_size_bytes',
            }, "percentunit", maximum=1, what="Runbook: DiskFilling"),
            Panel("Failed commands of Redis a second", {"{{reason}}": rate("redis_failed_commands_total", "reason")}),
            Panel("Failed commits to Kafka a second", {"": events("kafka_failed_commits_total")}),
        )),
    ),
)
