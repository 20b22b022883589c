//! Tracks: one row each, equal to what the rows of detections say.

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, PostgresServer, Topic, kafka, postgres, seeded_rng, wait_until};

use crate::messages::{a_minute_ago, frame};
use crate::postgres::{DEADLINE, assert_counts, assert_tracks, group, launch, one, start, wait_for_frames};

const DAY_US: i64 = 86_400_000_000;

/// All columns that follow from the detections.
fn rows(server: &PostgresServer, database: &str) -> Vec<Vec<String>> {
    let columns = "select string_agg(column_name, ', ' order by ordinal_position) from information_schema.columns \
         where table_name = 'tracks' and column_name not in ('stored_at', 'updated_at')";
    let columns = &server.query(database, columns)[0][0];
    server.query(database, &format!("select {columns} from tracks order by camera_id, session, track_id"))
}

fn publish(bus: &Bus, message: &v1::FrameDetections) {
    let camera = message.frame_id.as_ref().map(|id| id.camera_id.clone()).unwrap();
    bus.produce_message(Topic::Detections, &camera, message);
}

#[test]
fn tracks_are_what_their_detections_say_through_kills_duplicates_and_late_frames() {
    let (bus, server) = (kafka().bus("pg-tracks", 3), postgres());
    let database = server.database();
    let mut random = seeded_rng("pg-tracks");
    let service = start(&bus, &database);
    // Both sessions of a camera have the same track ids. The frames go past a midnight.
    let midnight = now_us() / DAY_US * DAY_US - DAY_US;
    let begin = midnight - 10_000_000;
    let sessions = [("cam-a", 1), ("cam-a", 2), ("cam-b", 1)];
    for round in 0..5 {
        let mut frames: Vec<_> = (round * 40..(round + 1) * 40).collect();
        if round % 2 == 1 {
            // As if several workers published at once, each late for the others.
            frames.shuffle(&mut random);
        }
        // Frames of this round and of earlier ones again.
        let again: Vec<_> = (0..15).map(|_| random.random_range(0..(round + 1) * 40)).collect();
        for sequence in frames.into_iter().chain(again) {
            for (camera, session) in sessions {
                publish(&bus, &frame(camera, session, sequence, begin));
            }
        }
        service.kill();
        service.restart();
    }
    wait_for_frames(server, &database, 600);
    wait_until(DEADLINE, "the group's lag to be 0", || bus.lag(&group(&bus), Topic::Detections) == 0);
    assert_eq!(one(server, &database, "select count(*) from frames"), 600);
    assert_eq!(one(server, &database, "select count(*) from tracks"), 3 * (5 + 3));
    assert_eq!(one(server, &database, "select count(*) from tracks where first_seen::date < last_seen::date"), 3 * 2);
    assert_tracks(server, &database);
    assert_counts(server, &database);

    // A sink that is never disturbed and gets each frame once, in order, makes the same rows to the bit.
    let (quiet_bus, quiet) = (kafka().bus("pg-tracks-quiet", 1), server.database());
    let undisturbed = start(&quiet_bus, &quiet);
    for (camera, session) in sessions {
        for sequence in 0..200 {
            publish(&quiet_bus, &frame(camera, session, sequence, begin));
        }
    }
    wait_for_frames(server, &quiet, 600);
    assert_eq!(rows(server, &database), rows(server, &quiet));
    assert!(service.stop().success() && undisturbed.stop().success());
}

/// One road user: 10 s to the right at 40 px/s (2 m/s), then 10 s down. Two of 201 detections are of another class.
fn walker(sequence: u64, begin: i64) -> v1::FrameDetections {
    let (right, down) = (sequence.min(100) as f32 * 4.0, sequence.saturating_sub(100) as f32 * 4.0);
    let mut message = frame("cam-a", 7, sequence, begin);
    let class =
        if sequence == 5 || sequence == 50 { v1::RoadUserClass::Cyclist } else { v1::RoadUserClass::Pedestrian };
    message.objects = vec![v1::DetectedObject {
        r#box: Some(v1::Box { left: right, top: down, width: 20.0, height: 50.0 }),
        class: class.into(),
        score: if sequence == 60 { 0.75 } else { 0.5 },
        track_id: 4_097,
        track_state: v1::TrackState::Confirmed.into(),
        ground_position: Some(v1::GroundPosition { x_m: f64::from(right) / 20.0, y_m: f64::from(down) / 20.0 }),
        zones: if (30..=80).contains(&sequence) { vec![1] } else { vec![] },
        snapshot_key: if sequence == 40 || sequence == 60 {
            format!("snapshots/{sequence}.jpg")
        } else {
            String::new()
        },
        appearance: Vec::new(),
        found: None,
    }];
    message
}

#[test]
fn a_known_walk_gives_a_known_row() {
    let (bus, server) = (kafka().bus("pg-walk", 1), postgres());
    let database = server.database();
    let service = start(&bus, &database);
    let begin = a_minute_ago();
    for sequence in 0..=200 {
        publish(&bus, &walker(sequence, begin));
    }
    wait_for_frames(server, &database, 201);
    assert_tracks(server, &database);
    let row = |sql: &str| server.query(&database, &format!("select {sql} from tracks")).remove(0).join(" ");
    assert_eq!(row("camera_id, session, track_id, detections, confirmed_detections"), "cam-a 7 4097 201 201");
    assert_eq!(row("extract(epoch from last_seen - first_seen)::int, last_sequence"), "20 200");
    assert_eq!(row("class, round(class_share::numeric, 3), vote_classes, vote_counts"), "1 0.990 {1,2} {199,2}");
    assert_eq!(
        row("best_score, best_sequence, best_left, snapshot_key, snapshot_score"),
        "0.75 60 240 snapshots/60.jpg 0.75"
    );
    let zones = "zone_ids, extract(epoch from zone_first_inside[1] - first_seen)::int, \
         extract(epoch from zone_last_inside[1] - first_seen)::int, zone_detections";
    assert_eq!(row(zones), "{crossing} 3 8 {51}");
    assert_eq!(row("path_x, path_y, path_error_px"), "{10,410,410} {50,50,450} 0");
    assert_eq!(
        row("travelled_px, round(mean_speed_px_s::numeric, 6), round(top_speed_px_s::numeric, 6)"),
        "800 40.000000 40.000000"
    );
    let metres = "round(travelled_m::numeric, 6), round(mean_speed_m_s::numeric, 6), round(top_speed_m_s::numeric, 6)";
    assert_eq!(row(metres), "40.000000 2.000000 2.000000");
    assert!(service.stop().success());
}

#[test]
fn old_tracks_are_deleted_and_those_that_are_still_seen_stay() {
    let (bus, server) = (kafka().bus("pg-old-tracks", 1), postgres());
    let database = server.database();
    let service = start(&bus, &database);
    let now = now_us();
    // Two days ago, and two days ago until today.
    let sightings = [(1, 0, 2 * DAY_US), (2, 0, 2 * DAY_US), (2, 1, 0)];
    for (session, sequence, age) in sightings {
        let mut message = walker(sequence, now);
        message.frame_id = Some(v1::FrameId { camera_id: "cam-a".to_owned(), session, sequence });
        message.captured_at_us = now - age;
        publish(&bus, &message);
    }
    wait_for_frames(server, &database, 3);
    assert!(service.stop().success());
    // Both rows were changed just now. Retention looks at that, too: a recording of last year must stay for a while.
    let service =
        launch(&bus, &database).set("postgres.retention", "1day").set("postgres.maintenance_interval", "1s").start();
    service.wait_ready(DEADLINE);
    wait_until(DEADLINE, "the old partition to be dropped", || {
        one(server, &database, "select count(*) from frames") == 1
    });
    assert_eq!(one(server, &database, "select count(*) from tracks"), 2);
    server.query(&database, "update tracks set updated_at = now() - interval '25 hours'");
    wait_until(DEADLINE, "the old track to be deleted", || one(server, &database, "select count(*) from tracks") == 1);
    assert_eq!(one(server, &database, "select session from tracks"), 2);
    assert!(service.stop().success());
}
