from cases.case import Case

DAY = 86400


def expires(days):
    """Time in these tests begins at 0."""
    return {'tls_certificate_expires_seconds{server="alerts"}': f"{days * DAY}x100"}


CASES = (
    Case("WebhookFailing", "one", {'api_webhooks_failing{pod="a"}': "1x20", 'api_webhooks_failing{pod="b"}': "1x20"}, "10m", ({},)),
    Case("WebhookFailing", "none", {"api_webhooks_failing": "0x20"}, "10m"),
    Case("WebhookDeliveriesDead", "two", {"api_webhook_dead_total": "0x10 2x10"}, "15m", ({},)),
    Case("WebhookDeliveriesDead", "two, two hours ago", {"api_webhook_dead_total": "0x10 2x130"}, "2h15m"),
    Case("WebhooksLate", "though none fails", {"api_webhook_oldest_pending_seconds": "700x20", "api_webhooks_failing": "0x20"}, "10m", ({},)),
    Case("WebhooksLate", "because one fails", {"api_webhook_oldest_pending_seconds": "700x20", "api_webhooks_failing": "1x20"}, "10m"),
    Case("WebhooksLate", "not late", {"api_webhook_oldest_pending_seconds": "5x20", "api_webhooks_failing": "0x20"}, "10m"),
    Case("CertificateExpiring", "in ten days", expires(10), "90m", ({"server": "alerts"},)),
    Case("CertificateExpiring", "in twenty days", expires(20), "90m"),
    Case("CertificateExpired", "tomorrow", expires(1), "30m", ({"server": "alerts"},)),
    Case("CertificateExpired", "in ten days", expires(10), "30m"),
    Case("CertificateRefused", "yes", {'tls_certificate_refused{server="push"}': "1x20"}, "15m", ({"server": "push"},)),
    Case("CertificateRefused", "no", {'tls_certificate_refused{server="push"}': "0x20"}, "15m"),
    Case("TokenKeysStale", "for twenty minutes", {"auth_keys_stale": "1x25"}, "20m", ({},)),
    Case("TokenKeysStale", "for five minutes", {"auth_keys_stale": "0x15 1x10"}, "20m"),
)
