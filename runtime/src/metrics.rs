//! Prometheus metrics of the process. The `metrics.rs` of each crate registers its metrics once, through the functions below. Names follow
//! `<stage>_<what>_<unit>[_total]`. Labels have few values: a camera id, a reason.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prometheus::core::Collector;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder, exponential_buckets,
};

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let registry = Registry::new();
    let process = process::ProcessCollector::default();
    registry.register(Box::new(process)).expect("its metric names are registered once");
    registry
});

/// The registry behind `/metrics`.
pub fn registry() -> &'static Registry {
    &REGISTRY
}

/// All metrics in the Prometheus text format.
pub fn encode() -> String {
    TextEncoder::new().encode_to_string(&REGISTRY.gather()).unwrap_or_default()
}

fn register<C: Collector + Clone + 'static>(collector: C) -> C {
    REGISTRY.register(Box::new(collector.clone())).expect("each metric name is registered once");
    collector
}

/// Registers a counter for each combination of label values.
pub fn counter_vec(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(IntCounterVec::new(Opts::new(name, help), labels).expect("a valid metric name"))
}

/// Registers a gauge for each combination of label values.
pub fn gauge_vec(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    register(IntGaugeVec::new(Opts::new(name, help), labels).expect("a valid metric name"))
}

/// Registers a histogram of seconds, with buckets from 100 µs to about 50 s.
pub fn seconds_vec(name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let buckets = exponential_buckets(0.0001, 2.0, 20).expect("start, factor and count are in range");
    histogram_vec(name, help, labels, buckets)
}

/// Registers a histogram with these buckets.
pub fn histogram_vec(name: &str, help: &str, labels: &[&str], buckets: Vec<f64>) -> HistogramVec {
    register(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), labels).expect("a valid metric name"))
}

/// A counter's values by some of its labels, in the order in which `labels` names them. Series that differ only in other
/// labels are added up. Panics when the counter lacks one of the labels.
pub fn counts_by<const N: usize>(counter: &IntCounterVec, labels: [&str; N]) -> BTreeMap<[String; N], u64> {
    let mut counts = BTreeMap::new();
    for family in counter.collect() {
        for metric in family.get_metric() {
            let value = |label: &str| {
                let pair = metric.get_label().iter().find(|pair| pair.name() == label);
                pair.unwrap_or_else(|| panic!("{} has no label {label}", family.name())).value().to_owned()
            };
            *counts.entry(labels.map(value)).or_default() += metric.get_counter().get_value() as u64;
        }
    }
    counts
}

/// The sum of a counter over the series whose labels pass `keep`; 0 when there is none. For summaries and tests.
pub fn counter_sum(name: &str, keep: impl Fn(&[(&str, &str)]) -> bool) -> u64 {
    let families = REGISTRY.gather();
    let metrics =
        families.iter().filter(|family| family.name() == name).flat_map(prometheus::proto::MetricFamily::get_metric);
    metrics
        .filter(|metric| {
            let labels: Vec<_> = metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
            keep(&labels)
        })
        .map(|metric| metric.get_counter().get_value() as u64)
        .sum()
}

mod process {
    //! Memory, threads and file handles of this process, from `/proc/self` and the allocator.

    use prometheus::core::{Collector, Desc};
    use prometheus::proto::MetricFamily;
    use prometheus::{IntGauge, Opts};

    pub(super) struct ProcessCollector {
        resident: IntGauge,
        heap_used: IntGauge,
        heap_kept: IntGauge,
        threads: IntGauge,
        files: IntGauge,
    }

    impl Default for ProcessCollector {
        fn default() -> Self {
            let gauge = |name, help| IntGauge::with_opts(Opts::new(name, help)).expect("a valid metric name");
            Self {
                resident: gauge("process_resident_memory_bytes", "Resident memory of the process in bytes."),
                heap_used: gauge("process_heap_used_bytes", "Heap memory that the program uses, in bytes."),
                heap_kept: gauge(
                    "process_heap_kept_bytes",
                    "Heap memory that the program has freed and the allocator has not returned to the system, in bytes.",
                ),
                threads: gauge("process_threads", "Number of threads of the process."),
                files: gauge("process_open_fds", "Number of open file descriptors of the process."),
            }
        }
    }

    impl ProcessCollector {
        fn gauges(&self) -> [&IntGauge; 5] {
            [&self.resident, &self.heap_used, &self.heap_kept, &self.threads, &self.files]
        }
    }

    impl Collector for ProcessCollector {
        fn desc(&self) -> Vec<&Desc> {
            self.gauges().into_iter().flat_map(Collector::desc).collect()
        }

        fn collect(&self) -> Vec<MetricFamily> {
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            let field = |name: &str| -> Option<i64> {
                let line = status.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
            };
            self.resident.set(field("VmRSS").unwrap_or(0) * 1024);
            let heap = crate::memory::heap();
            self.heap_used.set(heap.used as i64);
            self.heap_kept.set(heap.free as i64);
            self.threads.set(field("Threads").unwrap_or(0));
            self.files.set(std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as i64));
            self.gauges().into_iter().flat_map(Collector::collect).collect()
        }
    }
}
