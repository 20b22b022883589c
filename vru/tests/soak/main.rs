//! The soak test, `make soak`: four cameras for half an hour, while services, the broker, PostgreSQL and S3 are killed and
//! suspended, and cameras stall, disappear and return, all at random. At the end all counts balance, and no service has grown.
//!
//! `SOAK_MINUTES` sets the length; `VRU_TEST_SEED` repeats the faults of a run.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]
#![expect(clippy::print_stdout, reason = "the faults and the counts explain a failed run")]

mod books;
mod cameras;
mod faults;
mod resources;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use rand::Rng as _;
use vru_runtime::test_util::{Topic, seeded_rng};

use cameras::SoakCameras;
use faults::SoakFault;
use resources::Sampler;
use support::follower::Follower;
use support::{camera_server, pipeline};

use pipeline::{DEADLINE, Pipeline, start, wait_for_cameras_to_stop};

/// Time between two samples of the services.
const SAMPLE_EVERY: Duration = Duration::from_secs(2);

fn length() -> Duration {
    let minutes = std::env::var("SOAK_MINUTES").map_or(30.0, |text| text.parse().expect("SOAK_MINUTES is a number"));
    Duration::from_secs_f64(minutes * 60.0)
}

#[test]
#[ignore = "half an hour: `make soak`"]
fn random_faults_lose_nothing_and_leak_nothing() {
    let mut random = seeded_rng("soak");
    let pipeline = Pipeline::new("soak", 4);
    let services = start([pipeline.ingest(), pipeline.infer(), pipeline.sink()]);
    let [ingest, infer, sink] = &services;
    let follower = Follower::start(&[pipeline.grpc_port]);
    let mut cameras = SoakCameras::start(&pipeline, ingest);
    let mut sampler = Sampler::new(&services);
    let begun = Instant::now();
    while begun.elapsed() < length() {
        let calm = Duration::from_millis(random.random_range(5_000..25_000));
        sampler.sample_for(calm, &mut cameras, &services);
        let (fault, lasts) = (SoakFault::any(&mut random), Duration::from_millis(random.random_range(2_000..8_000)));
        println!("{:6.1} s: {fault:?} for {lasts:.1?}", begun.elapsed().as_secs_f64());
        sampler.sample(&services);
        fault.run(lasts, &services, &mut cameras);
        // All services recover without help.
        for service in &services {
            service.wait_ready(DEADLINE);
        }
        cameras.wait_for_pictures(ingest);
    }

    cameras.stop(&pipeline);
    wait_for_cameras_to_stop(ingest);
    pipeline.wait_until_frames_read(infer);
    pipeline.wait_until_read("s3-detections", Topic::Detections, sink);
    pipeline.wait_until_read("s3-snapshots", Topic::Alerts, sink);
    pipeline.wait_until_read("s3-clips", Topic::Alerts, sink);
    sampler.sample(&services);
    books::assert_frames_balance(&pipeline.bus, &sampler);
    books::assert_rows_balance(&pipeline);
    books::assert_alerts_balance(&pipeline, &follower);
    sampler.assert_flat();
    for service in [ingest, infer, sink] {
        assert!(service.stop().success(), "{}", service.log_tail());
    }
}
