"""Whether queries use metrics, labels and values that exist: in the programs of this repository, in rules, or in programs that we name."""

import re
from functools import cache
from pathlib import Path

from promql import grouped, selectors

ROOT = Path(__file__).resolve().parents[2]
CALL = re.compile(
    r'\b(counter_vec|gauge_vec|seconds_vec|histogram_vec)\(\s*"([a-z_]+)",\s*(?:"(?:[^"\\]|\\.)*"|\w+),\s*&?(\[[^\]]*\]|\w+)', re.S)
PROCESS = re.compile(r'gauge\(\s*"(process_[a-z_]+)"')
# What Prometheus adds to each series.
TARGET = {"instance", "job", "pod", "namespace", "container"}
# Metrics of other programs, and the labels that we may use.
OTHERS = {
    "up": set(),
    "ALERTS": {"alertname", "alertstate", "severity", "area"},
    # The kubelet, which k8s/components/monitoring scrapes for these.
    "kubelet_volume_stats_available_bytes": {"persistentvolumeclaim"},
    "kubelet_volume_stats_capacity_bytes": {"persistentvolumeclaim"},
    # The node exporter, on hosts without Kubernetes.
    "node_filesystem_avail_bytes": {"fstype", "mountpoint", "device"},
    "node_filesystem_size_bytes": {"fstype", "mountpoint", "device"},
}
BUCKETS = {f"{0.0001 * 2 ** power:.10g}" for power in range(20)} | {"+Inf"}


@cache
def registered():
    """Metric → its labels, as the programs register them; histograms by the names of their parts."""
    found = {}
    for path in ROOT.glob("*/src/**/*.rs"):
        text = path.read_text()
        if "test_util" in path.parts or path.name == "tests.rs":
            continue
        text = text.split("#[cfg(test)]\nmod tests")[0]
        for kind, name, labels in CALL.findall(text):
            labels = set(re.findall(r'"([a-z_]+)"', labels))
            if kind in ("seconds_vec", "histogram_vec"):
                found |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
            else:
                found[name] = labels
        found |= {name: set() for name in PROCESS.findall(text)}
    return found


@cache
def sources():
    return {path.name: "".join(each.read_text() for each in (path / "src").rglob("*.rs")) for path in ROOT.iterdir() if (path / "src").is_dir()}


def given(metric, value):
    """Whether the program of the metric gives a label this value: as a text where it counts, as a constant, or as the word of a variant."""
    crate = metric.split("_")[0]
    texts = [sources()[crate]] if crate in sources() else sources().values()
    place = re.compile(rf'with_label_values\(&\[[^\]]*"{value}"|const [A-Z_]+: &str = "{value}"|=> "{value}"')
    return any(place.search(text) for text in texts)


def recorded(groups):
    return {rule["record"]: grouped(rule["expr"]) for group in groups for rule in group["rules"] if "record" in rule}


def problems(place, query, records):
    """What is wrong with one query. `records`: rule → the labels of what it records."""
    found, labels_of_all = [], set(TARGET)
    known = registered() | OTHERS | records
    chosen = selectors(query)
    if not chosen and "vector(" not in query:
        found.append(f"{place}: selects nothing: {query}")
    for each in chosen:
        labels = known.get(each.metric)
        if labels is None:
            found.append(f"{place}: no program has the metric {each.metric}")
            continue
        labels_of_all |= labels
        for label, operator, value in each.matchers:
            if label not in labels | TARGET:
                found.append(f"{place}: the metric {each.metric} has no label {label}")
            elif label == "le" and value not in BUCKETS:
                found.append(f"{place}: {each.metric} has no bucket {value}")
            elif each.metric in registered() and label != "le" and "$" not in value:
                found += [f"{place}: no program gives the label {label} of {each.metric} the value {one}"
                          for one in (value.split("|") if "~" in operator else [value]) if re.fullmatch(r"[\w -]+", one) and not given(each.metric, one)]
    if all(each.metric in known for each in chosen):
        found += [f"{place}: by {label}, which no metric of the query has: {query}" for label in sorted(grouped(query) - labels_of_all)]
    return found
