"""Metrics that a demo without faults does not have, and why. A query of one of them is computed by promtool instead."""

EVENT = "appears with its first event, which a demo without faults has not"
DISK = "of another program, which the demo does not run"
REPLICA = "the demo's PostgreSQL has no replica"

# A metric, or a metric with the matchers of a query.
RARE = {
    'ALERTS{alertstate="firing",severity=~"page|ticket"}': "nothing fires",
    'api_http_requests_total{status=~"5.."}': "no request fails",
    "kubelet_volume_stats_available_bytes": DISK,
    "kubelet_volume_stats_capacity_bytes": DISK,
    "node_filesystem_avail_bytes": DISK,
    "node_filesystem_size_bytes": DISK,
    "tls_certificate_expires_seconds": "the demo's doors are on loopback and have no certificate",
    "tls_certificate_refused": "the demo's doors are on loopback and have no certificate",
    "redis_failed_commands_total": "one process keeps the live state itself",
    "redis_connected": "one process keeps the live state itself",
    "api_replica_lag_milliseconds": REPLICA,
    "api_replica_used": REPLICA,
    "api_replicable_reads_total": REPLICA,
    "api_webhook_attempt_seconds_bucket": "the demo has no webhook",
    "infer_paused_partitions": "the demo has no file",
    "ingest_shrunk_frames_total": "the demo has no file",
    "ingest_file_position_faults_total": "the demo has no file",
    "live_messages_total": "nobody watches a live feed",
    **dict.fromkeys((
        "api_sign_ins_total", "clock_negative_latencies_total", "dead_letters_sent_records_total", "infer_counting_states_lost_total", "infer_dropped_frames_total",
        "infer_dropped_live_states_total", "infer_errors_total", "infer_rule_states_lost_total", "infer_sequence_gap_frames_total", "infer_snapshots_lost_total",
        "infer_tracker_states_lost_total", "ingest_clock_jumps_total", "ingest_dropped_frames_total", "ingest_errors_total", "ingest_hung_pipelines",
        "ingest_impossible_times_total", "ingest_push_refused_total", "ingest_rtp_restarts_total", "kafka_failed_commits_total", "sink_ended_streams_total",
        "sink_errors_total", "sink_fenced_batches_total", "sink_missed_records_total", "sink_refused_connections_total",
    ), EVENT),
}
