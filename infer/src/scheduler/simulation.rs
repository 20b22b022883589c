//! Tests of the scheduler in simulated time, with random cameras, models and decoders.

mod cameras;
mod machine;

use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use vru_runtime::test_util::seeded_rng;

use cameras::{Camera, Kind};
use machine::Simulation;

fn millis(random: &mut StdRng, range: std::ops::RangeInclusive<u64>) -> Duration {
    Duration::from_micros(random.random_range(range.start() * 1_000..=range.end() * 1_000))
}

fn random_camera(random: &mut StdRng) -> Camera {
    let interval = Duration::from_secs(1) / random.random_range(5..=30);
    let kind = if random.random_bool(0.5) {
        Kind::Jpeg
    } else {
        Kind::Coded { group: random.random_range(1..=80), analyse_every: random.random_range(1..=3) }
    };
    Camera {
        kind,
        interval,
        jitter: interval.mul_f64(random.random_range(0.0..0.3)),
        decode: millis(random, 1..=10),
        analysis: Duration::ZERO,
    }
}

/// What each camera gets when the model is shared equally, and what one camera leaves goes to the others; frames per second.
fn fair_shares(cameras: &[Camera], capacity: f64) -> Vec<f64> {
    let mut shares = vec![0.0; cameras.len()];
    let mut order: Vec<usize> = (0..cameras.len()).collect();
    order.sort_by(|a, b| cameras[*a].offered().total_cmp(&cameras[*b].offered()));
    let mut left = capacity;
    for (served, at) in order.iter().enumerate() {
        shares[*at] = cameras[*at].offered().min(left / (cameras.len() - served) as f64);
        left -= shares[*at];
    }
    shares
}

const LENGTH: Duration = Duration::from_secs(20);

#[test]
fn frames_are_fresh_shares_are_fair_and_every_frame_is_accounted_for() {
    let mut random = seeded_rng("scheduler simulation");
    for round in 0..40 {
        let cameras: Vec<Camera> = (0..random.random_range(1..=20)).map(|_| random_camera(&mut random)).collect();
        let run_time = millis(&mut random, 10..=200);
        let threads = random.random_range(1..=4);
        // Decoders that cannot keep up are another test.
        let needed: f64 = cameras.iter().map(|c| 1.5 * c.decode.as_secs_f64() / c.interval.as_secs_f64()).sum();
        let slower = (0.7 * threads as f64 / needed).min(1.0);
        let cameras: Vec<Camera> =
            cameras.into_iter().map(|c| Camera { decode: c.decode.mul_f64(slower), ..c }).collect();
        let max_batch = if random.random_bool(0.7) { 1 } else { random.random_range(2..=8) };
        let seed = rand::SeedableRng::seed_from_u64(random.random());
        let simulation = Simulation::new(cameras, run_time, max_batch, threads, LENGTH, seed).run();
        simulation.check_accounts();
        let cameras = &simulation.cameras;
        let capacity = max_batch as f64 / run_time.as_secs_f64();
        let offered: f64 = cameras.iter().map(Camera::offered).sum();
        let what = format!(
            "round {round}: {} cameras offer {offered:.0}/s, the model takes {capacity:.0}/s in batches of {max_batch}",
            cameras.len()
        );
        for (camera, account) in cameras.iter().zip(&simulation.accounts) {
            assert_eq!(account.too_old_by, None, "{what}: {camera:?}: an old frame was analysed");
        }
        let seconds = LENGTH.as_secs_f64();
        if max_batch == 1 && offered > 1.2 * capacity {
            let busy = simulation.busy.as_secs_f64() / seconds;
            assert!(busy > 0.95, "{what}: the model was busy for {busy:.2} of the time");
            for ((camera, account), share) in
                cameras.iter().zip(&simulation.accounts).zip(fair_shares(cameras, capacity))
            {
                let got = account.analysed.len() as f64 / seconds;
                assert!(got > 0.85 * share - 0.2, "{what}: {camera:?} got {got:.2}/s of {share:.2}/s");
            }
        }
    }
}

/// Cameras of one kind; `run_time` is that of the model.
fn same_cameras(count: usize, kind: Kind, run_time: Duration) -> Simulation {
    let interval = Duration::from_millis(100);
    let (jitter, decode) = (Duration::from_millis(10), Duration::from_millis(3));
    let camera = Camera { kind, interval, jitter, decode, analysis: Duration::ZERO };
    let random = seeded_rng("same cameras");
    Simulation::new(vec![camera; count], run_time, 1, 1, LENGTH, random).run()
}

#[test]
fn a_model_that_has_time_for_every_frame_gets_every_frame() {
    for kind in [Kind::Jpeg, Kind::Coded { group: 10, analyse_every: 1 }] {
        let simulation = same_cameras(3, kind, Duration::from_millis(20));
        simulation.check_accounts();
        assert!(simulation.accounts.iter().all(|account| account.dropped.is_empty()), "{:?}", simulation.accounts);
    }
}

#[test]
fn whole_groups_of_pictures_are_skipped_when_turns_are_rare() {
    let simulation = same_cameras(64, Kind::Coded { group: 10, analyse_every: 1 }, Duration::from_millis(100));
    simulation.check_accounts();
    // Each camera has a turn every 6.4 s and sends six groups meanwhile; of one at most, pictures are decoded for a turn.
    let decoded: u64 = simulation.accounts.iter().map(|account| account.decoded).sum();
    assert!(decoded < simulation.analysed() as u64 * 10, "{decoded} pictures were decoded");
}

#[test]
fn files_get_what_live_cameras_leave_and_are_not_starved() {
    let live = Camera {
        kind: Kind::Jpeg,
        interval: Duration::from_millis(100),
        jitter: Duration::ZERO,
        decode: Duration::from_millis(2),
        analysis: Duration::ZERO,
    };
    let file = Camera { kind: Kind::File, interval: Duration::from_millis(5), ..live.clone() };
    let share_of_file = |cameras: usize| {
        let mut cameras = vec![live.clone(); cameras];
        cameras.push(file.clone());
        let random = seeded_rng("files and live cameras");
        let simulation = Simulation::new(cameras, Duration::from_millis(40), 1, 1, LENGTH, random).run();
        simulation.check_accounts();
        assert!(simulation.busy.as_secs_f64() > 0.95 * LENGTH.as_secs_f64());
        let (of_live, of_file) = simulation.accounts.split_at(simulation.cameras.len() - 1);
        let live_drops: u64 = of_live.iter().flat_map(|account| account.dropped.values()).sum();
        (of_file[0].analysed.len() as f64 / (LENGTH.as_secs_f64() * 25.0), live_drops)
    };
    let (share, live_drops) = share_of_file(1);
    assert!(share > 0.5 && live_drops == 0, "a camera that needs 0.4 of the model leaves 0.6: {share:.2}");
    let (share, live_drops) = share_of_file(8);
    assert!((0.1..0.2).contains(&share) && live_drops > 0, "live cameras that need more than all leave {share:.2}");
}

#[test]
fn a_camera_whose_analysis_is_slow_gets_what_can_be_analysed_and_takes_nothing_from_others() {
    let quick = Camera {
        kind: Kind::Jpeg,
        interval: Duration::from_millis(100),
        jitter: Duration::ZERO,
        decode: Duration::from_millis(2),
        analysis: Duration::from_millis(1),
    };
    let slow = Camera { analysis: Duration::from_secs(1), ..quick.clone() };
    let mut cameras = vec![quick; 4];
    cameras.push(slow);
    let random = seeded_rng("slow analysis");
    // The model has time for all of them.
    let simulation = Simulation::new(cameras, Duration::from_millis(10), 1, 2, LENGTH, random).run();
    simulation.check_accounts();
    let (quick, slow) = simulation.accounts.split_at(4);
    assert!(quick.iter().all(|account| account.dropped.is_empty()), "{quick:?}");
    let analysed = slow[0].analysed.len() as u64;
    assert!((LENGTH.as_secs()..=LENGTH.as_secs() + 8).contains(&analysed), "{analysed} frames of the slow camera");
}
