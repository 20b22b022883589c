//! Records of libraries that use the crate `log` instead of `tracing`.

use log::{Log, Metadata, Record};
use tracing_log::AsTrace as _;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Passes on the records that the log shows. `tracing` is asked about no other one: its refusal would mark the thread, and the next event
/// of the thread would be missing in the log (filters of single layers in tracing-subscriber 0.3, with `tracing_log::LogTracer`).
pub(super) struct LogRecords(Targets);

impl LogRecords {
    /// `level` is the filter of the log. Directives about spans and fields say nothing of records, which have none.
    pub(super) fn new(level: &str) -> Self {
        let mut targets = Targets::new();
        for directive in level.split(',').filter_map(|directive| directive.trim().parse::<Targets>().ok()) {
            if let Some(level) = directive.default_level() {
                targets = targets.with_default(level);
            }
            targets.extend(directive.iter());
        }
        Self(targets)
    }

    /// A logger that somebody else has set stays.
    pub(super) fn install(self) {
        let levels = self.0.iter().map(|(_, level)| level).chain(self.0.default_level());
        let most = levels.max().unwrap_or(LevelFilter::OFF);
        if log::set_boxed_logger(Box::new(self)).is_ok() {
            log::set_max_level(tracing_log::AsLog::as_log(&most));
        }
    }
}

impl Log for LogRecords {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.would_enable(metadata.target(), &metadata.level().as_trace())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // Standard error is gone: there is nobody to tell.
            tracing_log::format_trace(record).ok();
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(filter: &str, target: &str, level: log::Level) -> bool {
        LogRecords::new(filter).enabled(&Metadata::builder().target(target).level(level).build())
    }

    #[test]
    fn records_are_shown_by_the_directives_of_the_log() {
        assert!(shows("info", "rdkafka::client", log::Level::Info));
        assert!(!shows("info", "rdkafka::client", log::Level::Debug));
        assert!(!shows("info,rdkafka=off", "rdkafka::client", log::Level::Error));
        assert!(shows("warn, rdkafka=debug", "rdkafka::client", log::Level::Debug));
        assert!(!shows("warn,rdkafka=debug", "rustls", log::Level::Info));
        assert!(shows("[frame{camera=a}]=trace,info", "rustls", log::Level::Info), "the other directives count");
    }
}
