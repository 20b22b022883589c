//! Ingest, infer and sink are killed again and again while a file runs through them: each of its 795 frames is stored once,
//! with what an undisturbed run finds, and each alert reaches a subscriber once.

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use vru_runtime::test_util::{Topic, require_asset, seeded_rng, wait_for};

use crate::books::{assert_same_ids, published_alerts};
use crate::findings::{CAMERA, analyse, stored};
use crate::follower::Follower;
use crate::pipeline::{DEADLINE, Pipeline, camera, file, start};

const FRAMES: u64 = 795;
/// How often each worker is killed.
const KILLS: usize = 3;

#[test]
fn frames_and_alerts_arrive_once_while_every_worker_is_killed_again_and_again() {
    let mut random = seeded_rng("frames_and_alerts_arrive_once_while_every_worker_is_killed_again_and_again");
    let clip = require_asset("clips/vtest.avi");
    let pipeline = Pipeline::new("killed", 2);
    // A killed member's partitions are taken from it after this time.
    let launches = [pipeline.ingest(), pipeline.infer(), pipeline.sink().set("s3.enabled", "false")]
        .map(|launch| launch.set("kafka.session_timeout", "2s"));
    let workers = start(launches);
    let follower = Follower::start(&[pipeline.grpc_port]);
    pipeline.bus.put_camera(&camera(CAMERA, file(&clip)));

    let mut victims: Vec<usize> = (0..workers.len()).flat_map(|worker| [worker; KILLS]).collect();
    victims.shuffle(&mut random);
    // Each is killed when so many frames are stored; two moments that are near kill a second while the first comes back.
    let mut moments: Vec<u64> = victims.iter().map(|_| random.random_range(5..FRAMES - 50)).collect();
    moments.sort_unstable();
    let (mut expected, expected_alerts) = std::thread::scope(|scope| {
        let undisturbed = scope.spawn(|| analyse(&clip));
        for (moment, victim) in moments.into_iter().zip(victims) {
            pipeline.wait_for_count("frames to be stored", "select count(*) from frames", moment);
            workers[victim].kill();
            workers[victim].restart();
        }
        undisturbed.join().unwrap()
    });
    assert_eq!(expected.len() as u64, FRAMES);
    assert!(expected_alerts.len() > 10, "people come and go through the clip all the time");

    pipeline.wait_for_count("all frames", "select count(*) from frames", FRAMES);
    pipeline.wait_for_count("the end of the file", "select count(*) from frames where end_of_stream", 1);
    let [_ingest, infer, _sink] = &workers;
    wait_for(DEADLINE, "inference to be through", || match pipeline.bus.lag(&pipeline.group("infer"), Topic::Frames) {
        0 => Ok(()),
        lag => Err(format!("{lag} frames wait; {}", infer.log_tail())),
    });
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", expected_alerts.len() as u64);
    let (mut found, alerts) = stored(&pipeline);
    // A worker that takes tracks over may list them in another order.
    found.values_mut().chain(expected.values_mut()).for_each(|objects| objects.sort());
    for (frame, objects) in &expected {
        assert_eq!(found.get(frame), Some(objects), "frame {frame:?}");
    }
    assert_eq!(found.len() as u64, FRAMES);
    assert_eq!(alerts, expected_alerts);

    let published = published_alerts(&pipeline.bus);
    println!("alerts on the topic: {}, of which {} came again", published.len(), published.len() - alerts.len());
    assert_same_ids("on the topic", &published.into_iter().collect::<Vec<_>>(), &expected_alerts, false);
    assert_same_ids("at the subscriber", &follower.wait_for_alerts(expected_alerts.len()), &expected_alerts, true);
    assert!(follower.streams() > KILLS, "each death of the sink ended a stream");
    assert_eq!(pipeline.bus.written(Topic::DeadLetters), 0);
    for worker in workers {
        let status = worker.stop();
        assert!(status.success(), "{status}: {}", worker.log_tail());
    }
}
