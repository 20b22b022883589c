//! Access units on their way to viewers who decode themselves. They go in order, each with what was found in it, and wait for that a
//! moment: the units after it wait too.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vru_proto::FrameKey;
use vru_proto::v1;

use crate::analysis::Analysis;

/// How long a unit waits for its analysis. Without inference, the stream is so much late.
const WAIT: Duration = Duration::from_millis(1_500);
const MAX_UNITS: usize = 256;
const MAX_BYTES: usize = 48 * 1024 * 1024;
/// Analyses that wait for their unit.
const MAX_ANALYSES: usize = 64;

#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) key: FrameKey,
    pub(crate) frame: Box<v1::Frame>,
    pub(crate) analysis: Option<Arc<Analysis>>,
    since: Instant,
    /// No analysis comes any more.
    final_: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Units {
    waiting: VecDeque<Unit>,
    bytes: usize,
    early: VecDeque<(FrameKey, Arc<Analysis>)>,
    /// Session and capture time of the newest analysed frame.
    newest: Option<(u64, i64)>,
}

impl Units {
    pub(crate) fn push(&mut self, key: FrameKey, frame: Box<v1::Frame>) {
        let at = self.early.iter().position(|(known, _)| *known == key);
        let analysis = at.and_then(|at| self.early.remove(at)).map(|(_, analysis)| analysis);
        let passed = self.newest.is_some_and(|(session, at)| session == key.session && frame.captured_at_us <= at);
        let final_ = !frame.analyse || analysis.is_some() || passed;
        self.bytes += frame.payload.len();
        self.waiting.push_back(Unit { key, frame, analysis, since: Instant::now(), final_ });
    }

    pub(crate) fn analysis(&mut self, key: &FrameKey, analysis: &Arc<Analysis>) {
        self.newest = Some((key.session, analysis.captured_at_us));
        let mut found = false;
        for unit in &mut self.waiting {
            if unit.key == *key {
                unit.analysis = Some(analysis.clone());
                found = true;
            }
            // Analyses come in the order of capture: those before it do not come any more.
            unit.final_ |= unit.key.session != key.session || unit.frame.captured_at_us <= analysis.captured_at_us;
        }
        if !found {
            self.early.push_back((key.clone(), analysis.clone()));
            if self.early.len() > MAX_ANALYSES {
                self.early.pop_front();
            }
        }
    }

    /// The next unit, when it waits no longer.
    pub(crate) fn next(&mut self) -> Option<Unit> {
        let full = self.waiting.len() > MAX_UNITS || self.bytes > MAX_BYTES;
        let unit = self.waiting.pop_front_if(|unit| full || unit.final_ || unit.since.elapsed() >= WAIT)?;
        self.bytes -= unit.frame.payload.len();
        Some(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(sequence: u64) -> FrameKey {
        FrameKey { camera: "c".parse().unwrap(), session: 1, sequence }
    }

    fn frame(at: i64, analyse: bool) -> Box<v1::Frame> {
        Box::new(v1::Frame { captured_at_us: at, analyse, payload: "unit".into(), ..v1::Frame::default() })
    }

    fn analysis(at: i64) -> Arc<Analysis> {
        Arc::new(Analysis { captured_at_us: at, source: (1, 1), objects: Vec::new(), hidden: None })
    }

    fn all(units: &mut Units) -> Vec<(u64, Option<i64>)> {
        std::iter::from_fn(|| units.next())
            .map(|unit| (unit.key.sequence, unit.analysis.map(|analysis| analysis.captured_at_us)))
            .collect()
    }

    #[test]
    fn units_go_in_order_each_with_its_own_analysis() {
        let mut units = Units::default();
        units.push(key(0), frame(0, true));
        units.push(key(1), frame(1, false));
        // Reordered: it is shown before the next one.
        units.push(key(2), frame(4, true));
        units.push(key(3), frame(3, true));
        assert!(all(&mut units).is_empty());
        units.analysis(&key(0), &analysis(0));
        assert_eq!(all(&mut units), [(0, Some(0)), (1, None)]);
        units.analysis(&key(3), &analysis(3));
        assert!(all(&mut units).is_empty(), "the one before it still waits");
        units.analysis(&key(2), &analysis(4));
        assert_eq!(all(&mut units), [(2, Some(4)), (3, Some(3))]);
    }

    #[test]
    fn an_analysis_may_come_first_and_one_that_was_passed_over_is_not_waited_for() {
        let mut units = Units::default();
        units.analysis(&key(5), &analysis(5));
        units.push(key(4), frame(4, true));
        units.push(key(5), frame(5, true));
        assert_eq!(all(&mut units), [(4, None), (5, Some(5))]);
        units.push(key(6), frame(6, true));
        assert!(all(&mut units).is_empty());
        for sequence in 7..=6 + MAX_UNITS as u64 {
            units.push(key(sequence), frame(i64::try_from(sequence).unwrap(), true));
        }
        assert_eq!(all(&mut units).first(), Some(&(6, None)), "the bound is kept");
    }
}
