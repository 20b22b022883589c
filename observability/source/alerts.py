"""Alerts by symptom: what people notice. Each has a runbook of its name in docs/runbooks, and cases in observability/tests/cases."""

from model import Alert, Group


def appeared(metric, window, by, matchers=""):
    """Events of a counter within a window. A counter whose first event was in the window has no value before it, so increase() misses it."""
    series = f"{metric}{matchers}"
    return f"sum by ({by}) (increase({series}[{window}])) > 0 or sum by ({by}) ({series} unless {series} offset {window}) > 0"


CAMERAS = Group("cameras", "30s", (
    Alert(
        "CameraNotWatching", "ticket", "ingest", "max by (camera) (ingest_camera_connected) == 0",
        "Camera {{ $labels.camera }} does not watch",
        "Ingest has had no connection that delivers frames for ten minutes.",
        "10m",
    ),
    Alert(
        "CamerasNotWatching", "page", "ingest",
        "count(max by (camera) (ingest_camera_connected) == 0) > 1 "
        "and count(max by (camera) (ingest_camera_connected) == 0) / count(max by (camera) (ingest_camera_connected)) > 0.2",
        "More than a fifth of the cameras do not watch",
        "A single camera is a matter of its street. This many at once is a network, a broker, or ingest itself.",
        "5m",
    ),
    Alert(
        "CameraNotAnalysed", "page", "infer",
        "sum by (camera) (rate(ingest_sent_frames_total[5m])) > 0 unless sum by (camera) (rate(infer_sent_frames_total[5m])) > 0",
        "Frames of camera {{ $labels.camera }} are not analysed",
        "Ingest publishes its frames, and inference has published no detections of it for ten minutes.",
        "10m",
    ),
))

PIPELINE = Group("pipeline", "30s", (
    Alert(
        "InferenceOverloaded", "ticket", "infer", "infer_dropped_live_ratio > 0.5",
        "Inference skips more than half of the live frames",
        "Each camera is still seen, but less often than it sends: short visits are missed, and speeds of road users are less exact.",
        "15m",
    ),
    Alert(
        "SinkLag", "page", "sink",
        'histogram_quantile(0.95, sum by (sink, le) (rate(sink_published_to_stored_seconds_bucket{sink="postgres"}[5m]))) > 30',
        "Rows are stored more than 30 s after inference published them",
        "The PostgreSQL sink itself is behind, whatever the stages before it take: searches, counts and webhooks miss the newest time. Kafka keeps detections for 72 h.",
        "10m",
    ),
    Alert(
        "SinkStopped", "page", "sink",
        'sum(rate(infer_sent_frames_total[5m])) > 0 unless sum(rate(sink_stored_frames_total{sink="postgres"}[5m])) > 0',
        "Nothing is stored although inference publishes detections",
        "No sink has written a frame for five minutes. Kafka keeps detections for 72 h; after that they are lost.",
        "5m",
    ),
    Alert(
        "DeadLetters", "ticket", "pipeline", appeared("dead_letters_sent_records_total", "15m", "topic"),
        "Records of {{ $labels.topic }} became dead letters",
        "A stage could not read records, or PostgreSQL refused them. They are kept in vru.dead-letters with the reason.",
    ),
    Alert(
        "RecordsMissed", "page", "sink", appeared("sink_missed_records_total", "15m", "sink, topic"),
        "Kafka deleted records of {{ $labels.topic }} before the sink {{ $labels.sink }} read them",
        "These detections or alerts are lost for this sink.",
    ),
    Alert(
        "ProcessDown", "page", "pipeline", 'up{job=~"(.*/)?vru"} == 0',
        "{{ $labels.instance }} does not answer to Prometheus",
        "The process is down, hangs, or cannot be reached.",
        "5m",
    ),
    Alert(
        "ProgramFault", "ticket", "pipeline", "sum by (instance) (increase(panics_total[1h])) > 0",
        "A fault of the program ended a task in {{ $labels.instance }}",
        "The program goes on, and most tasks are begun again. What the task did for its caller is not done.",
    ),
    Alert(
        "NoProcesses", "page", "pipeline", 'absent(up{job=~"(.*/)?vru"})',
        "Prometheus knows no process of vru",
        "Nothing is scraped, so that no other alert can fire.",
        "10m",
    ),
))

STORES = Group("stores", "30s", (
    Alert(
        "ReplicaLag", "ticket", "api", "max(api_replica_lag_milliseconds) > 10000 or min(api_replica_used) == 0",
        "The replica of PostgreSQL is behind, and the primary serves its reads",
        "What people see is right, since the API asks the primary meanwhile, but searches cost the sink its speed.",
        "15m",
    ),
    Alert(
        "DiskFilling", "ticket", "platform",
        "(kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.2 "
        "and predict_linear(kubelet_volume_stats_available_bytes[6h], 4 * 86400) < 0) "
        'or (node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / node_filesystem_size_bytes < 0.2 '
        'and predict_linear(node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"}[6h], 4 * 86400) < 0)',
        "A disk will be full within four days",
        "Of the volume {{ $labels.persistentvolumeclaim }}{{ $labels.mountpoint }} less than a fifth is free, and it shrinks.",
        "1h",
    ),
    Alert(
        "DiskFull", "page", "platform",
        "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.05 "
        'or node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / node_filesystem_size_bytes < 0.05',
        "A disk is almost full",
        "Less than 5 % of the volume {{ $labels.persistentvolumeclaim }}{{ $labels.mountpoint }} are free. A full disk stops PostgreSQL or Kafka.",
        "5m",
    ),
    Alert(
        "RetentionSuspended", "ticket", "sink", "max by (sink, reason) (sink_retention_suspended) == 1 or max(api_retention_suspended) == 1",
        "Data that are older than the retention are not deleted",
        "Deleting is suspended because clocks differ or because nothing recent is stored. What the law says must go stays.",
        "1h",
    ),
))

DOORS = Group("doors", "30s", (
    Alert(
        "WebhookFailing", "ticket", "api", "max(api_webhooks_failing) > 0",
        "A webhook has failed for 15 minutes",
        "Its target refuses events or cannot be reached. They wait for a day, in the order of their camera.",
        "5m",
    ),
    Alert(
        "WebhookDeliveriesDead", "ticket", "api", "sum(increase(api_webhook_dead_total[1h])) > 0",
        "Deliveries to a webhook were given up",
        "A target failed for a day. Somebody can send them again.",
    ),
    Alert(
        "WebhooksLate", "page", "api", "max(api_webhook_oldest_pending_seconds) > 600 unless max(api_webhooks_failing) > 0",
        "Events wait for ten minutes although no webhook fails",
        "The service that sends webhooks stands still or is too slow.",
        "5m",
    ),
    Alert(
        "CertificateExpiring", "ticket", "platform", "min by (server) (tls_certificate_expires_seconds) - time() < 14 * 86400",
        "The certificate of {{ $labels.server }} expires within 14 days",
        "cert-manager or the operator has not renewed it.",
        "1h",
    ),
    Alert(
        "CertificateExpired", "page", "platform", "min by (server) (tls_certificate_expires_seconds) - time() < 2 * 86400",
        "The certificate of {{ $labels.server }} expires within two days",
        "After that cameras, subscribers or browsers refuse the connection.",
        "5m",
    ),
    Alert(
        "CertificateRefused", "ticket", "platform", "max by (server) (tls_certificate_refused) == 1",
        "The new certificate files of {{ $labels.server }} cannot be used",
        "The server goes on with the certificate that it had before.",
        "10m",
    ),
    Alert(
        "TokenKeysStale", "ticket", "sink", "max(auth_keys_stale) == 1",
        "Keys for bearer tokens cannot be refreshed",
        "Tokens that are signed with a new key are refused.",
        "15m",
    ),
))

ITSELF = Group("itself", "30s", (
    Alert(
        "Watchdog", "none", "platform", "vector(1)",
        "Alerts reach their receiver",
        "It fires always. Who receives it raises an alarm when it stops: then Prometheus or Alertmanager is down.",
    ),
))


GROUPS = (CAMERAS, PIPELINE, STORES, DOORS, ITSELF)
