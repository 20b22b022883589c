//! Interleaved measurement: ours and the peer take turns.

use std::time::Duration;

use criterion::{Bencher, Criterion, SamplingMode, Throughput};

use crate::peer::Peer;
use crate::process::thread_cpu_time;

// The kernel accounts CPU time in ticks of some milliseconds: shorter turns are inaccurate.
const LEAST_TURN: Duration = Duration::from_millis(60);

/// The figures of both sides, one per turn.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    ours: Vec<f64>,
    peers: Vec<f64>,
}

impl Turns {
    /// Adds one turn of each side, in any one unit.
    pub fn add(&mut self, ours: f64, peers: f64) {
        self.ours.push(ours);
        self.peers.push(peers);
    }

    /// The median of ours.
    pub fn ours(&self) -> f64 {
        median(&self.ours)
    }

    /// The median of the peer.
    pub fn peers(&self) -> f64 {
        median(&self.peers)
    }

    pub fn len(&self) -> usize {
        self.ours.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ours.is_empty()
    }
}

/// The median; NaN of no values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

/// The nearest-rank quantile: the smallest value such that at least `share` of all values are equal to it or smaller. NaN of no values.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// Measures `ours` on this thread with Criterion. After each sample the peer has a turn of about the same length. The figures are
/// CPU seconds per run: other programs on the machine disturb the caches of both sides, but do not count as their time.
pub fn beside(
    criterion: &mut Criterion,
    group: &str,
    id: &str,
    throughput: Throughput,
    peer: &mut Peer,
    mut ours: impl FnMut(),
) -> Turns {
    let mut turns = Turns::default();
    let peer_runs = runs_within(peer, Duration::from_millis(100));
    let mut group = criterion.benchmark_group(group);
    group.throughput(throughput).sampling_mode(SamplingMode::Flat);
    group.bench_function(id, |bencher: &mut Bencher<'_>| {
        bencher.iter_custom(|iterations| {
            let started = thread_cpu_time();
            for _ in 0..iterations {
                ours();
            }
            let took = thread_cpu_time().saturating_sub(started);
            if took >= LEAST_TURN {
                turns.add(took.as_secs_f64() / iterations as f64, peer.run(peer_runs) / peer_runs as f64);
            }
            // Zero is not allowed: Criterion divides by it.
            took.max(Duration::from_nanos(iterations))
        });
    });
    group.finish();
    turns
}

fn runs_within(peer: &mut Peer, time: Duration) -> u64 {
    // The first run allocates and loads; the second one is measured.
    peer.run(1);
    let one = peer.run(1).max(1e-9);
    ((time.as_secs_f64() / one) as u64).clamp(1, 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_value_or_the_mean_of_the_middle_two() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 30.0]) - 3.0).abs() < 1e-12);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_quantile_is_the_value_at_the_nearest_rank() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let found = [0.0, 0.5, 0.95, 1.0].map(|share| quantile(&hundred, share) as u32);
        assert_eq!(found, [1, 50, 95, 100]);
        assert!(quantile(&[], 0.95).is_nan());
    }
}
