//! A panic is a fault of the program. It ends its task or thread, and nobody may notice: so each is an error in the log, in the log's
//! format, and is counted.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::LazyLock;

use prometheus::IntCounterVec;

use crate::metrics;

static PANICS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter_vec(
        "panics_total",
        "Faults of the program that ended a task or a thread. The log has each one with its place.",
        &[],
    )
});

/// From now on, for all threads.
pub(super) fn install() {
    // It is exported as 0 before the first one.
    PANICS.with_label_values::<&str>(&[]);
    std::panic::set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo<'_>) {
    PANICS.with_label_values::<&str>(&[]).inc();
    let location = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        location,
        thread = thread.name(),
        backtrace,
        "a fault of the program ended a task or a thread: {}",
        panic.payload_as_str().unwrap_or("it says nothing"),
    );
}
