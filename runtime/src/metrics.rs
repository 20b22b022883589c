//! Prometheus metrics of the process. The `metrics.rs` of each crate registers its metrics once, through the functions below. Names follow
//! `<stage>_<what>_<unit>[_total]`. Labels have few values: a camera id, a reason.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use parking_lot::Mutex;
use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
use prometheus::proto::{Metric, MetricFamily, MetricType};
use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder, exponential_buckets,
};

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let registry = Registry::new();
    let process = process::ProcessCollector::default();
    registry.register(Box::new(process)).expect("its metric names are registered once");
    registry
});

/// The label whose series come and go with the cameras.
const CAMERA: &str = "camera";

/// The metrics that have the label `camera`.
static BY_CAMERA: Mutex<Vec<Box<dyn ByCamera + Send>>> = Mutex::new(Vec::new());

trait ByCamera {
    fn retain(&self, prefix: &str, keep: &dyn Fn(&str) -> bool);
}

impl<B: MetricVecBuilder> ByCamera for MetricVec<B> {
    fn retain(&self, prefix: &str, keep: &dyn Fn(&str) -> bool) {
        for family in self.collect().iter().filter(|family| family.name().starts_with(prefix)) {
            for metric in family.get_metric() {
                let labels: HashMap<&str, &str> =
                    metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
                if !labels.get(CAMERA).is_some_and(|camera| keep(camera)) {
                    // Another thread may have removed it.
                    self.remove(&labels).ok();
                }
            }
        }
    }
}

/// Removes the series of other cameras than those to keep, from the metrics whose names begin with `prefix`. Otherwise the metrics would
/// grow with every camera that there ever was.
pub fn retain_cameras(prefix: &str, keep: impl Fn(&str) -> bool) {
    for metric in BY_CAMERA.lock().iter() {
        metric.retain(prefix, &keep);
    }
}

/// The registry behind `/metrics`.
pub fn registry() -> &'static Registry {
    &REGISTRY
}

/// All metrics in the Prometheus text format.
pub fn encode() -> String {
    TextEncoder::new().encode_to_string(&REGISTRY.gather()).unwrap_or_default()
}

fn register<B: MetricVecBuilder + 'static>(metric: MetricVec<B>, labels: &[&str]) -> MetricVec<B> {
    REGISTRY.register(Box::new(metric.clone())).expect("each metric name is registered once");
    if labels.contains(&CAMERA) {
        BY_CAMERA.lock().push(Box::new(metric.clone()));
    }
    metric
}

/// Registers a counter for each combination of label values.
pub fn counter_vec(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(IntCounterVec::new(Opts::new(name, help), labels).expect("a valid metric name"), labels)
}

/// Registers a gauge for each combination of label values.
pub fn gauge_vec(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    register(IntGaugeVec::new(Opts::new(name, help), labels).expect("a valid metric name"), labels)
}

/// Registers a histogram of seconds, with buckets from 100 µs to about 50 s.
pub fn seconds_vec(name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let buckets = exponential_buckets(0.0001, 2.0, 20).expect("start, factor and count are in range");
    histogram_vec(name, help, labels, buckets)
}

/// Registers a histogram with these buckets.
pub fn histogram_vec(name: &str, help: &str, labels: &[&str], buckets: Vec<f64>) -> HistogramVec {
    let options = HistogramOpts::new(name, help).buckets(buckets);
    register(HistogramVec::new(options, labels).expect("a valid metric name"), labels)
}

/// A counter's values by some of its labels, in the order in which `labels` names them. Series that differ only in other
/// labels are added up. Panics when the counter lacks one of the labels.
pub fn counts_by<const N: usize>(counter: &IntCounterVec, labels: [&str; N]) -> BTreeMap<[String; N], u64> {
    let mut counts = BTreeMap::new();
    for family in counter.collect() {
        for metric in family.get_metric() {
            *counts.entry(label_values(&family, metric, labels)).or_default() +=
                metric.get_counter().get_value() as u64;
        }
    }
    counts
}

/// Like [`counts_by`], for a gauge.
pub fn gauges_by<const N: usize>(gauge: &IntGaugeVec, labels: [&str; N]) -> BTreeMap<[String; N], i64> {
    let mut values = BTreeMap::new();
    for family in gauge.collect() {
        for metric in family.get_metric() {
            *values.entry(label_values(&family, metric, labels)).or_default() += metric.get_gauge().get_value() as i64;
        }
    }
    values
}

/// The values of these labels. Panics when the metric lacks one of them.
fn label_values<const N: usize>(family: &MetricFamily, metric: &Metric, labels: [&str; N]) -> [String; N] {
    labels.map(|label| {
        let pair = metric.get_label().iter().find(|pair| pair.name() == label);
        pair.unwrap_or_else(|| panic!("{} has no label {label}", family.name())).value().to_owned()
    })
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

/// The sum of each counter that is not zero, by the label `reason` where it has one.
pub fn totals() -> BTreeMap<String, u64> {
    let mut totals = BTreeMap::new();
    for family in REGISTRY.gather().iter().filter(|family| family.get_field_type() == MetricType::COUNTER) {
        for metric in family.get_metric() {
            let reason = metric.get_label().iter().find(|pair| pair.name() == "reason");
            let name = match reason {
                Some(reason) => format!("{}/{}", family.name(), reason.value()),
                None => family.name().to_owned(),
            };
            *totals.entry(name).or_default() += metric.get_counter().get_value() as u64;
        }
    }
    totals.retain(|_, count| *count > 0);
    totals
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_up_what_differs_in_other_labels_than_the_reason() {
        let drops = counter_vec("totals_dropped_total", "For the test.", &["camera", "reason"]);
        let sent = counter_vec("totals_sent_total", "For the test.", &["camera"]);
        for (camera, frames) in [("a", 2), ("b", 3)] {
            drops.with_label_values(&[camera, "late"]).inc_by(frames);
            drops.with_label_values(&[camera, "never"]);
            sent.with_label_values(&[camera]).inc_by(frames);
        }
        let mut totals = totals();
        totals.retain(|name, _| name.starts_with("totals_"));
        let expected = [("totals_dropped_total/late", 5), ("totals_sent_total", 5)];
        assert_eq!(totals, expected.map(|(name, count)| (name.to_owned(), count)).into());
    }

    #[test]
    fn only_the_series_of_cameras_to_keep_remain() {
        let frames = counter_vec("retain_frames_total", "For the test.", &["camera", "reason"]);
        let other = counter_vec("keep_frames_total", "For the test.", &["camera"]);
        let seconds = seconds_vec("retain_seconds", "For the test.", &["camera"]);
        for camera in ["here", "gone"] {
            frames.with_label_values(&[camera, "a"]).inc();
            frames.with_label_values(&[camera, "b"]).inc();
            other.with_label_values(&[camera]).inc();
            seconds.with_label_values(&[camera]).observe(1.0);
        }
        retain_cameras("retain_", |camera| camera == "here");
        let cameras =
            |counter: &IntCounterVec| counts_by(counter, ["camera"]).into_keys().flatten().collect::<Vec<_>>();
        assert_eq!(cameras(&frames), ["here"]);
        assert_eq!(cameras(&other), ["gone", "here"]);
        assert_eq!(seconds.collect()[0].get_metric().len(), 1);
    }
}
