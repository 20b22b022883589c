//! The counts as text.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::counts::Counts;
use crate::latency::Percentiles;

/// Frames a second of each camera, from two readings of the counts.
#[derive(Debug, Default)]
pub struct Rates {
    last: Option<(Instant, Counts)>,
    rates: BTreeMap<String, Rate>,
}

/// Frames a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Rate {
    /// Into ingest.
    pub fps_in: f64,
    /// Out of inference.
    pub fps_out: f64,
}

impl Rates {
    /// Takes in a new reading. Readings less than half a second apart say nothing.
    pub fn update(&mut self, now: Instant, counts: &Counts) {
        let Some((then, last)) = &self.last else {
            self.last = Some((now, counts.clone()));
            return;
        };
        let seconds = now.duration_since(*then).as_secs_f64();
        if seconds < 0.5 {
            return;
        }
        for (camera, new) in &counts.cameras {
            let old = last.cameras.get(camera).cloned().unwrap_or_default();
            let each = |new: u64, old: u64| new.saturating_sub(old) as f64 / seconds;
            let now = Rate { fps_in: each(new.frames_in, old.frames_in), fps_out: each(new.inferred, old.inferred) };
            // A second holds few frames: without smoothing the number jumps.
            let rate = self.rates.entry(camera.clone()).or_insert(now);
            rate.fps_in += (now.fps_in - rate.fps_in) * 0.4;
            rate.fps_out += (now.fps_out - rate.fps_out) * 0.4;
        }
        self.last = Some((now, counts.clone()));
    }

    /// Of one camera.
    pub fn of(&self, camera: &str) -> Rate {
        self.rates.get(camera).copied().unwrap_or_default()
    }

    /// Of all together.
    pub fn total(&self) -> Rate {
        self.rates.values().fold(Rate::default(), |sum, rate| Rate {
            fps_in: sum.fps_in + rate.fps_in,
            fps_out: sum.fps_out + rate.fps_out,
        })
    }
}

/// How it stands.
#[derive(Debug)]
pub struct View<'a> {
    /// What was counted.
    pub counts: &'a Counts,
    /// Frames a second.
    pub rates: &'a Rates,
    /// Alerts at the subscriber.
    pub alerts: u64,
    /// From capture to the subscriber.
    pub glass_to_alert_ms: Option<Percentiles>,
    /// Seconds since the start.
    pub seconds: u64,
    /// Where the page is.
    pub page: &'a str,
}

impl View<'_> {
    /// A table for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            String::new(),
            format!("  live picture {}   running {}   Ctrl-C stops", self.page, clock(self.seconds)),
            String::new(),
            format!(
                "  {:<16} {:>7} {:>7} {:>9} {:>9} {:>10} {:>7} {:>7}",
                "camera", "fps in", "fps out", "frames", "inferred", "detections", "alerts", "drops"
            ),
        ];
        let row = |name: &str, rate: Rate, camera: &crate::counts::CameraCounts, alerts: u64| {
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
        for (name, camera) in &self.counts.cameras {
            lines.push(row(name, self.rates.of(name), camera, camera.alerts));
        }
        let total = self.counts.total();
        lines.push(row("all", self.rates.total(), &total, self.alerts));
        lines.push(String::new());
        lines.push(format!("  glass to alert  {}", latency(self.glass_to_alert_ms)));
        lines.push(format!("  drops           {}", drops(&total.drops)));
        lines
    }

    /// One line for a log.
    pub fn line(&self) -> String {
        let (total, rate) = (self.counts.total(), self.rates.total());
        format!(
            "{} cameras={} fps_in={:.1} fps_out={:.1} frames_in={} inferred={} detections={} alerts={} drops=[{}] \
             glass_to_alert=[{}]",
            clock(self.seconds),
            self.counts.cameras.len(),
            rate.fps_in,
            rate.fps_out,
            total.frames_in,
            total.inferred,
            total.detections,
            self.alerts,
            drops(&total.drops),
            latency(self.glass_to_alert_ms)
        )
    }
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
    let some: Vec<_> =
        drops.iter().filter(|(_, count)| **count > 0).map(|(reason, count)| format!("{reason} {count}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join("  ") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::counts::CameraCounts;

    fn counts(frames_in: u64, inferred: u64) -> Counts {
        let drops = [("infer_too_old".to_owned(), frames_in - inferred)].into();
        let camera = CameraCounts { frames_in, inferred, drops, ..CameraCounts::default() };
        Counts { cameras: [("gate".to_owned(), camera)].into(), ..Counts::default() }
    }

    #[test]
    fn rates_come_from_two_readings() {
        let start = Instant::now();
        let mut rates = Rates::default();
        rates.update(start, &counts(100, 90));
        rates.update(start + Duration::from_millis(100), &counts(150, 90));
        assert_eq!(rates.total(), Rate::default());
        rates.update(start + Duration::from_secs(2), &counts(120, 100));
        assert_eq!(rates.of("gate"), Rate { fps_in: 10.0, fps_out: 5.0 });
    }

    #[test]
    fn every_count_is_shown() {
        let (counts, rates) = (counts(120, 100), Rates::default());
        let latency = Some(Percentiles { p50: 210.4, p95: 333.0 });
        let view = View {
            counts: &counts,
            rates: &rates,
            alerts: 3,
            glass_to_alert_ms: latency,
            seconds: 75,
            page: "http://x",
        };
        for text in [view.lines().join("\n"), view.line()] {
            for wanted in ["1:15", "120", "100", "infer_too_old 20", "p50 210 ms", "p95 333 ms", "3"] {
                assert!(text.contains(wanted), "{wanted} is not in {text}");
            }
        }
    }
}
