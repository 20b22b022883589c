from dashboards.queries import events, mean, quantile, rate
from model import Dashboard, Panel, Row

DASHBOARD = Dashboard(
    "vru-ingest", "vru / Ingest", "Cameras and files on their way to Kafka.",
    (
        Row("Cameras", (
            Panel("Connected", {"watch": "sum(ingest_camera_connected)", "do not": "count(ingest_camera_connected == 0) or vector(0)"}, stacked=True),
            Panel("Failed connections a second", {"{{kind}}": rate("ingest_errors_total", "kind")}, what="Runbook: CameraNotWatching"),
            Panel("Sessions that began, a minute", {"{{camera}}": f"60 * ({rate('ingest_sessions_total', 'camera')})"}, what="A camera that reconnects again and again."),
        )),
        Row("Frames", (
            Panel("Received a second", {"{{camera}}": rate("ingest_received_frames_total", "camera")}, stacked=True),
            Panel("Sent, bytes a second", {"{{camera}}": rate("ingest_sent_bytes_total", "camera")}, "Bps", stacked=True),
            Panel("Dropped a second", {"{{reason}}": rate("ingest_dropped_frames_total", "reason")}, stacked=True, what="Runbook: FramesLostBudget"),
        )),
        Row("On the way", (
            Panel("In the camera's queue, p95", {"": quantile(0.95, "ingest_queue_seconds")}, "s"),
            Panel("Until Kafka acknowledges, p95", {"": quantile(0.95, "ingest_publish_seconds"), "mean": mean("ingest_publish_seconds")}, "s"),
            Panel("Packets lost a second", {"{{camera}}": rate("ingest_lost_packets_total", "camera")}, what="Between the camera and us."),
            Panel("Pictures skipped a second", {"{{reason}}": rate("ingest_skipped_units_total", "reason")}, stacked=True),
            Panel("Clocks", {"set during a connection": events("ingest_clock_jumps_total"), "impossible": events("ingest_impossible_times_total"),
                             "RTP restarts": events("ingest_rtp_restarts_total")}),
            Panel("Pipelines that hang", {"": "sum(ingest_hung_pipelines) or vector(0)"}, what="Each keeps a thread and a socket."),
        )),
        Row("Doors", (
            Panel("Push server: requests a second", {"{{method}} {{status}}": rate("ingest_push_requests_total", "method, status")}, "reqps"),
            Panel("Push server: connections", {"{{transport}}": "sum by (transport) (ingest_push_connections)"}),
            Panel("Push server: refused a second", {"{{reason}}": rate("ingest_push_refused_total", "reason")}),
            Panel("Tests of cameras a minute", {"{{result}}": f"60 * ({rate('ingest_camera_tests_total', 'result')})"}),
            Panel("Changes of cameras that were refused", {"{{from}}": "sum by (from) (cameras_refused_changes_total)"}),
            Panel("Positions of files: faults a second", {"{{kind}}": rate("ingest_file_position_faults_total", "kind")}),
        )),
    ),
)
