from dashboards.queries import events, quantile, rate
from model import Dashboard, Panel, Row

DASHBOARD = Dashboard(
    "vru-api", "vru / API", "Requests, live feeds, webhooks, and the work in the background.",
    (
        Row("Requests", (
            Panel("A second, by status", {"{{status}}": rate("api_http_requests_total", "status")}, "reqps", stacked=True, what="Runbook: ApiErrorBudget"),
            Panel("A second, by resource", {"{{method}} {{resource}}": f"topk(10, {rate('api_http_requests_total', 'method, resource')})"}, "reqps"),
            Panel("Until the answer, p95", {"{{resource}}": f"topk(10, {quantile(0.95, 'api_http_request_seconds', 'resource')})"}, "s"),
            Panel("Errors of the service a second", {"{{method}} {{resource}}": events("api_http_requests_total", "method, resource", '{status=~"5.."}')}, "reqps"),
            Panel("Refused by a limit, a second", {"{{limit}} in {{counted_in}}": rate("api_rate_limit_decisions_total", "limit, counted_in", '{result="refused"}')}),
            Panel("Log-ins with providers a minute", {"{{result}}": f"60 * ({rate('api_sign_ins_total', 'result')})"}),
        )),
        Row("Live feeds", (
            Panel("Open", {"{{kind}}": "sum by (kind) (api_live_feeds)"}),
            Panel("Viewers", {"{{rendition}}": "sum by (rendition) (live_viewers)"}),
            Panel("Ended a minute", {"{{kind}}: {{reason}}": f"60 * ({rate('api_live_ended_feeds_total', 'kind, reason')})"}),
        )),
        Row("Webhooks", (
            Panel("Deliveries a second", {"queued": rate("api_webhook_queued_deliveries_total"), "accepted": rate("api_webhook_delivered_total"),
                                          "given up": rate("api_webhook_dead_total")}, what="Runbook: WebhookDeliveriesDead"),
            Panel("Failed attempts a second", {"{{reason}}": rate("api_webhook_failed_attempts_total", "reason")}, what="Runbook: WebhookFailing"),
            Panel("Oldest event that waits", {"": "max(api_webhook_oldest_pending_seconds)"}, "s", what="Runbook: WebhooksLate"),
            Panel("Webhooks that fail", {"": "max(api_webhooks_failing)"}, kind="stat", height=4),
            Panel("Attempts, p95", {"{{result}}": quantile(0.95, "api_webhook_attempt_seconds", "result")}, "s", height=4),
            Panel("MQTT connections", {"": "sum(api_mqtt_connections)"}, height=4),
        )),
        Row("PostgreSQL", (
            Panel("The replica is behind", {"": "max(api_replica_lag_milliseconds) / 1000"}, "s", what="Runbook: ReplicaLag"),
            Panel("Replicas of the API that use it", {"": "sum(api_replica_used)"}),
            Panel("Reads that it may serve, a second", {"{{server}}: {{reason}}": rate("api_replicable_reads_total", "server, reason")}),
        )),
        Row("In the background", (
            Panel("Changes of cameras that wait for Kafka", {"": "max(api_camera_changes_waiting)"}),
            Panel("Uploads: bytes a second", {"": rate("api_uploaded_bytes_total")}, "Bps"),
            Panel("Deletions and exports a minute", {"{{kind}}: {{result}}": f"60 * ({rate('api_data_jobs_total', 'kind, result')})"}),
            Panel("Deleted by the retention of sites, a minute", {"{{kind}}": f"60 * ({rate('api_retention_deleted_total', 'kind')})"}),
            Panel("Pictures asked for a second", {"{{result}}": rate("api_pictures_total", "result")}),
            Panel("Keys for tokens that are old", {"": "max(auth_keys_stale)"}, what="Runbook: TokenKeysStale"),
        )),
    ),
)
