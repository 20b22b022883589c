//! The soak, `make soak`: four cameras for half an hour while services are killed and hung, the broker, PostgreSQL and S3 go
//! away, and cameras stall, leave and come back, all at random. At the end the books balance, and no service has grown.
//!
//! `SOAK_MINUTES` is its length; `VRU_TEST_SEED` repeats its faults.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(
    clippy::print_stdout,
    reason = "whoever waits half an hour wants to see what happens, and the books at the end"
)]

mod books;
mod cameras;
mod faults;
mod resources;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use rand::Rng as _;
use vru_runtime::test_util::{Topic, seeded_rng};

use cameras::Cameras;
use faults::Fault;
use resources::Watch;
use support::follower::Follower;
use support::{camera_server, pipeline};

use pipeline::{DEADLINE, Pipeline, start, wait_for_cameras_to_stop};

/// Between two looks at the services.
const LOOK: Duration = Duration::from_secs(2);

fn length() -> Duration {
    let minutes = std::env::var("SOAK_MINUTES").map_or(30.0, |text| text.parse().expect("SOAK_MINUTES is a number"));
    Duration::from_secs_f64(minutes * 60.0)
}

#[test]
#[ignore = "half an hour: `make soak`"]
fn the_pipeline_survives_whatever_happens_to_it() {
    let mut random = seeded_rng("soak");
    let pipeline = Pipeline::new("soak", 4);
    let services = start([pipeline.ingest(), pipeline.infer(), pipeline.sink()]);
    let [ingest, infer, sink] = &services;
    let follower = Follower::start(&[pipeline.grpc_port]);
    let mut cameras = Cameras::start(&pipeline, ingest);
    let mut watch = Watch::new(&services);
    let begun = Instant::now();
    while begun.elapsed() < length() {
        let calm = Duration::from_millis(random.random_range(5_000..25_000));
        watch.look_for(calm, &mut cameras, &services);
        let (fault, lasts) = (Fault::any(&mut random), Duration::from_millis(random.random_range(2_000..8_000)));
        println!("{:6.1} s: {fault:?} for {lasts:.1?}", begun.elapsed().as_secs_f64());
        watch.look(&services);
        fault.happen(lasts, &services, &mut cameras);
        // All of them find their way back, each without help.
        for service in &services {
            service.wait_ready(DEADLINE);
        }
        cameras.wait_for_pictures(ingest);
    }

    cameras.stop(&pipeline);
    wait_for_cameras_to_stop(ingest);
    pipeline.wait_until_read("infer", Topic::Frames, infer);
    pipeline.wait_until_read("s3-detections", Topic::Detections, sink);
    pipeline.wait_until_read("s3-alerts", Topic::Alerts, sink);
    watch.look(&services);
    books::assert_frames_balance(&pipeline.bus, &watch);
    books::assert_rows_balance(&pipeline);
    books::assert_alerts_balance(&pipeline, &follower);
    watch.assert_flat();
    for service in [ingest, infer, sink] {
        assert!(service.stop().success(), "{}", service.log_tail());
    }
}
