"""Queries that several dashboards have."""


def rate(metric, by="", matchers=""):
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{matchers}[$__rate_interval]))"


def events(metric, by="", matchers=""):
    """The rate of a counter that appears with its first event: 0 before."""
    return f"{rate(metric, by, matchers)} or vector(0)"


def quantile(q, metric, by="", matchers=""):
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({q}, {rate(f'{metric}_bucket', labels, matchers)})"


def quantiles(metric, matchers=""):
    return {f"p{q * 100:.0f}": quantile(q, metric, "", matchers) for q in (0.5, 0.95, 0.99)}


def mean(metric, by="", matchers=""):
    return f"{rate(f'{metric}_sum', by, matchers)} / {rate(f'{metric}_count', by, matchers)}"
