//! Percentiles of the newest latencies.

use std::collections::VecDeque;

/// The newest values, exact and bounded: when the window is full, a new value replaces the oldest.
#[derive(Debug, Clone)]
pub struct Latencies {
    values: VecDeque<f64>,
    capacity: usize,
}

/// Two percentiles of the same values.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p95: f64,
}

impl Latencies {
    /// Keeps the newest `capacity` values; at least one.
    pub fn new(capacity: usize) -> Self {
        Self { values: VecDeque::with_capacity(capacity.min(4_096)), capacity: capacity.max(1) }
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        if self.values.len() == self.capacity {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// None before the first value.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let mut sorted: Vec<f64> = self.values.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Percentiles { p50: percentile(&sorted, 50)?, p95: percentile(&sorted, 95)? })
    }
}

/// The nearest-rank percentile: the smallest value such that at least `percent` % of all values are equal to it or smaller.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = i32>) -> Option<Percentiles> {
        let mut latencies = Latencies::new(100);
        values.into_iter().for_each(|value| latencies.add(f64::from(value)));
        latencies.percentiles()
    }

    #[test]
    fn percentiles_are_values_that_were_added() {
        assert_eq!(of((1..=100).rev()), Some(Percentiles { p50: 50.0, p95: 95.0 }));
        assert_eq!(of([7]), Some(Percentiles { p50: 7.0, p95: 7.0 }));
        assert_eq!(of([1, 9]), Some(Percentiles { p50: 1.0, p95: 9.0 }));
        assert_eq!(of([]), None);
    }

    #[test]
    fn old_values_leave_the_window() {
        assert_eq!(of(std::iter::repeat_n(1000, 50).chain(1..=100)), Some(Percentiles { p50: 50.0, p95: 95.0 }));
    }
}
