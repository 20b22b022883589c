//! The status as text: a table for a terminal, one line for a log.

use std::collections::BTreeMap;

use crate::counts::CameraCounts;
use crate::latency::Percentiles;
use crate::rates::Rate;
use crate::status::StatusView;

/// The lines of a table. `place` says where people see more.
pub(super) fn table(status: &StatusView<'_>, place: &str) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("  {place}   running {}   stop with Ctrl-C", clock(status.seconds)),
        String::new(),
        format!(
            "  {:<16} {:>7} {:>7} {:>9} {:>9} {:>10} {:>7} {:>7}",
            "camera", "fps in", "fps out", "frames", "inferred", "detections", "alerts", "drops"
        ),
    ];
    let row = |name: &str, rate: Rate, camera: &CameraCounts, alerts: u64| {
        format!(
            "  {name:<16} {:>7.1} {:>7.1} {:>9} {:>9} {:>10} {alerts:>7} {:>7}",
            rate.fps_in,
            rate.fps_out,
            camera.frames_in,
            camera.inferred,
            camera.detections,
            camera.dropped()
        )
    };
    for (name, camera) in &status.counts.cameras {
        lines.push(row(name, status.rates.of(name), camera, camera.alerts));
    }
    let total = status.counts.total();
    lines.push(row("all", status.rates.total(), &total, status.alerts));
    lines.push(String::new());
    lines.push(format!("  glass to alert  {}", latency(status.glass_to_alert_ms)));
    lines.push(format!("  drops           {}", drops(&total.drops)));
    lines
}

/// One line of `key=value` pairs.
pub(super) fn line(status: &StatusView<'_>) -> String {
    let (total, rate) = (status.counts.total(), status.rates.total());
    format!(
        "{} cameras={} fps_in={:.1} fps_out={:.1} frames_in={} inferred={} detections={} alerts={} drops=[{}] \
         glass_to_alert=[{}]",
        clock(status.seconds),
        status.counts.cameras.len(),
        rate.fps_in,
        rate.fps_out,
        total.frames_in,
        total.inferred,
        total.detections,
        status.alerts,
        drops(&total.drops),
        latency(status.glass_to_alert_ms)
    )
}

fn clock(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn latency(percentiles: Option<Percentiles>) -> String {
    percentiles.map_or_else(
        || "no alert yet".to_owned(),
        |Percentiles { p50, p95 }| format!("p50 {p50:.0} ms  p95 {p95:.0} ms"),
    )
}

fn drops(drops: &BTreeMap<String, u64>) -> String {
    let reasons: Vec<_> = drops.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    if reasons.is_empty() { "none".to_owned() } else { reasons.join("  ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::PipelineCounts;
    use crate::rates::Rates;

    #[test]
    fn every_count_is_shown() {
        let drops = [("infer_too_old".to_owned(), 20)].into();
        let camera = CameraCounts { frames_in: 120, inferred: 100, drops, ..CameraCounts::default() };
        let counts = PipelineCounts { cameras: [("gate".to_owned(), camera)].into(), ..PipelineCounts::default() };
        let status = StatusView {
            counts: &counts,
            rates: &Rates::default(),
            troubles: &[],
            alerts: 3,
            glass_to_alert_ms: Some(Percentiles { p50: 210.4, p95: 333.0 }),
            seconds: 75,
        };
        for text in [table(&status, "http://x").join("\n"), line(&status)] {
            for wanted in ["1:15", "120", "100", "infer_too_old 20", "p50 210 ms", "p95 333 ms", "3"] {
                assert!(text.contains(wanted), "{wanted} is not in {text}");
            }
        }
    }
}
