//! Ingest, infer and sink are killed repeatedly while a file runs through them: each of its 795 frames is stored once, with the
//! objects of an undisturbed run, and each alert reaches a subscriber once.

use std::collections::BTreeSet;

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use vru_runtime::test_util::{Topic, require_asset, seeded_rng};

use crate::books::{assert_same_ids, published_alerts};
use crate::findings::{CAMERA, analyse, assert_counts, assert_tracks, stored};
use crate::follower::Follower;
use crate::pipeline::{Pipeline, camera, file, start};

const FRAMES: u64 = 795;
/// Number of times that each worker is killed.
const KILLS: usize = 3;

#[test]
fn frames_and_alerts_arrive_once_while_every_worker_is_killed_repeatedly() {
    let mut random = seeded_rng("frames_and_alerts_arrive_once_while_every_worker_is_killed_repeatedly");
    let clip = require_asset("clips/vtest.avi");
    let pipeline = Pipeline::new("killed", 2);
    // The partitions of a killed member are reassigned after this time.
    let launches = [pipeline.ingest(), pipeline.infer(), pipeline.sink().set("s3.enabled", "false")]
        .map(|launch| launch.set("kafka.session_timeout", "2s"));
    let workers = start(launches);
    let follower = Follower::start(&[pipeline.grpc_port]);
    pipeline.bus.put_camera(&camera(CAMERA, file(&clip)));

    let mut victims: Vec<usize> = (0..workers.len()).flat_map(|worker| [worker; KILLS]).collect();
    victims.shuffle(&mut random);
    // Numbers of stored frames at which a worker is killed. Two close ones kill a second worker while the first is restarting.
    let mut moments: Vec<u64> = victims.iter().map(|_| random.random_range(5..FRAMES - 50)).collect();
    moments.sort_unstable();
    let (expected, expected_alerts) = std::thread::scope(|scope| {
        let undisturbed = scope.spawn(|| analyse(&clip));
        for (moment, victim) in moments.into_iter().zip(victims) {
            pipeline.wait_for_count("frames to be stored", "select count(*) from frames", moment);
            workers[victim].kill();
            workers[victim].restart();
        }
        undisturbed.join().unwrap()
    });
    assert_eq!(expected.len() as u64, FRAMES);
    assert!(expected_alerts.len() > 10, "people walk through the whole clip");

    pipeline.wait_for_count("all frames", "select count(*) from frames", FRAMES);
    pipeline.wait_for_count("the end of the file", "select count(*) from frames where end_of_stream", 1);
    let [_ingest, infer, _sink] = &workers;
    pipeline.wait_until_frames_read(infer);
    let published = published_alerts(&pipeline.bus);
    let ids: BTreeSet<String> = published.iter().cloned().collect();
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", ids.len() as u64);
    let (found, alerts) = stored(&pipeline);
    assert!(found.keys().eq(expected.keys()), "each frame is stored once");
    assert_tracks(&pipeline, &found);
    assert_counts(&pipeline);
    for (frame, objects) in &expected {
        assert_eq!(&found[frame], objects, "the objects of frame {frame:?}");
    }
    assert_eq!(alerts, expected_alerts, "the alerts of an undisturbed run");

    println!("alerts on the topic: {}, of which {} are repeats", published.len(), published.len() - ids.len());
    assert_eq!(alerts, ids, "each alert is stored once");
    assert_same_ids("at the subscriber", &follower.wait_for_alerts(ids.len()), &ids, true);
    // Close kills may end one stream only: the second comes before the subscriber is back.
    assert!(follower.streams() > 1, "no stream ended although the sink was killed");
    assert_eq!(pipeline.bus.written(Topic::DeadLetters), 0);
    for worker in workers {
        let status = worker.stop();
        assert!(status.success(), "{status}: {}", worker.log_tail());
    }
}
