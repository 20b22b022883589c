//! Rows: each stored exactly once, despite kills, outages and duplicates.

use std::time::Duration;

use rand::Rng as _;
use vru_proto::names::{HEADER_REASON, HEADER_SOURCE_TOPIC};
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{
    Bus, PostgresServer, ServiceLaunch, ServiceProcess, Topic, kafka, postgres, seeded_rng, wait_for, wait_until,
};

use crate::messages::{a_minute_ago, alert, frame, object_count, publish_frames};

pub const DEADLINE: Duration = Duration::from_secs(40);
pub const CAMERAS: [&str; 4] = ["cam-a", "cam-b", "cam-c", "cam-d"];

/// One group per test, because members of one group wait for each other at every rebalance.
pub fn group(bus: &Bus) -> String {
    format!("{}postgres", bus.prefix())
}

pub fn launch(bus: &Bus, database: &str) -> ServiceLaunch {
    ServiceLaunch::new("vru-sink")
        .args(["postgres"])
        .bus(bus)
        .set("postgres.url", database)
        .set("postgres.migrate", "true")
        .set("postgres.group", group(bus))
        .set("postgres.batch.max_records", "40")
        .set("kafka.session_timeout", "2s")
}

pub fn start(bus: &Bus, database: &str) -> ServiceProcess {
    let service = launch(bus, database).start();
    service.wait_ready(DEADLINE);
    service
}

pub fn one(server: &PostgresServer, database: &str, sql: &str) -> u64 {
    // Before the first migration, the tables do not exist.
    let rows = server.try_query(database, sql).unwrap_or_default();
    rows.first().map_or(0, |row| row[0].parse().unwrap_or(0))
}

pub fn wait_for_frames(server: &PostgresServer, database: &str, count: u64) {
    wait_for(DEADLINE, "all frames to be stored", || {
        let found = one(server, database, "select count(*) from frames");
        if found >= count { Ok(()) } else { Err(format!("{found} of {count} frames are stored")) }
    });
}

/// The rows of tracks are what the rows of detections say.
pub fn assert_tracks(server: &PostgresServer, database: &str) {
    let differences = server.query(database, include_str!("../../../storage/tests/tracks_differ.sql"));
    assert!(differences.is_empty(), "(camera, session, track, column, found, expected) {differences:#?}");
}

/// The bins are what the rows that they count say.
pub fn assert_counts(server: &PostgresServer, database: &str) {
    let differences = server.query(database, include_str!("../../../storage/tests/counts_differ.sql"));
    assert!(differences.is_empty(), "(table, camera, place or watch, begin, file, found, expected) {differences:#?}");
}

/// The database has each frame once, with all its objects and their tracks, and nothing else.
fn assert_exact(server: &PostgresServer, database: &str, frames_each: u64) {
    let frames = frames_each * CAMERAS.len() as u64;
    assert_eq!(one(server, database, "select count(*) from frames"), frames);
    let identities = "select count(distinct (camera_id, session, sequence)) from frames";
    assert_eq!(one(server, database, identities), frames);
    let objects: u64 = (0..frames_each).map(object_count).sum();
    assert_eq!(one(server, database, "select count(*) from detections"), objects * CAMERAS.len() as u64);
    let orphans = "select count(*) from frames f where object_count <> (select count(*) from detections d where \
         (d.camera_id, d.captured_at, d.session, d.sequence) = (f.camera_id, f.captured_at, f.session, f.sequence))";
    assert_eq!(one(server, database, orphans), 0);
    let found_boxes = "select count(*) from detections where case object_index when 0 then \
         (found_left, found_top, found_width, found_height) is distinct from (sequence + 0.5::real, 21, 29, 61.75) \
         else num_nonnulls(found_left, found_top, found_width, found_height) > 0 end";
    assert_eq!(one(server, database, found_boxes), 0);
    let tracks = frames_each.div_ceil(40) + frames_each.div_ceil(90);
    assert_eq!(one(server, database, "select count(*) from tracks"), tracks * CAMERAS.len() as u64);
    assert_tracks(server, database);
    let passages = (frames_each.div_ceil(7) + frames_each.div_ceil(10)) * CAMERAS.len() as u64;
    for table in ["counts_1m", "counts_15m"] {
        assert_eq!(one(server, database, &format!("select sum(passages) from {table}")), passages, "{table}");
    }
    // 100 ms between two frames of a camera.
    let watched = (frames_each - 1) * 100_000 * CAMERAS.len() as u64;
    for table in ["watched_1m", "watched_15m"] {
        assert_eq!(one(server, database, &format!("select sum(watched_us) from {table}")), watched, "{table}");
    }
    assert_counts(server, database);
}

#[test]
fn each_row_is_stored_once_through_kills_and_duplicates() {
    let (bus, server) = (kafka().bus("pg-kill", 3), postgres());
    let database = server.database();
    let mut random = seeded_rng("pg-kill");
    let service = start(&bus, &database);
    let begin = a_minute_ago();
    for round in 0..4 {
        let sequences = round * 50..(round + 1) * 50;
        publish_frames(&bus, &CAMERAS, sequences.clone(), begin);
        // As if inference was killed and analysed some frames again.
        publish_frames(&bus, &CAMERAS, sequences.end - 10..sequences.end, begin);
        let id = format!("alert-{round}");
        for captured_at in [begin, begin + 5_000_000] {
            bus.produce_message(Topic::Alerts, CAMERAS[0], &alert(CAMERAS[0], &id, round, captured_at));
        }
        if round < 3 {
            std::thread::sleep(Duration::from_millis(random.random_range(0..150)));
            service.kill();
            service.restart();
        }
    }
    wait_for_frames(server, &database, 200 * CAMERAS.len() as u64);
    wait_until(DEADLINE, "all alerts", || one(server, &database, "select count(*) from alerts") == 4);
    wait_until(DEADLINE, "the group's lag to be 0", || {
        bus.lag(&group(&bus), Topic::Detections) + bus.lag(&group(&bus), Topic::Alerts) == 0
    });
    assert_exact(server, &database, 200);
    assert_eq!(one(server, &database, "select count(*) from alerts"), 4);
    assert!(service.stop().success());
}

#[test]
fn a_zombie_writes_nothing_twice() {
    let (bus, server) = (kafka().bus("pg-zombie", 2), postgres());
    let database = server.database();
    let begin = a_minute_ago();
    let zombie = launch(&bus, &database).start();
    zombie.wait_ready(DEADLINE);
    publish_frames(&bus, &CAMERAS, 0..50, begin);
    wait_for_frames(server, &database, 200);
    zombie.pause();
    // These are in its sockets and queues, not written.
    publish_frames(&bus, &CAMERAS, 50..100, begin);
    let successor = launch(&bus, &database).start();
    wait_for_frames(server, &database, 400);
    zombie.resume();
    publish_frames(&bus, &CAMERAS, 100..150, begin);
    wait_for_frames(server, &database, 600);
    wait_until(DEADLINE, "both to be ready again", || {
        [&zombie, &successor].iter().all(|service| service.ready().is_ok_and(|(status, _)| status == 200))
    });
    publish_frames(&bus, &CAMERAS, 150..160, begin);
    wait_for_frames(server, &database, 640);
    assert_exact(server, &database, 160);
    assert!(one(server, &database, "select max(epoch) from sink_positions") > 1);
}

/// As after a failover to a replica that did not have the last transactions: the epochs are the same, and nobody restarts the sink.
#[test]
fn a_running_sink_goes_back_with_its_database() {
    let (bus, server) = (kafka().bus("pg-back", 2), postgres());
    let database = server.database();
    let begin = a_minute_ago();
    let service = start(&bus, &database);
    publish_frames(&bus, &CAMERAS, 0..50, begin);
    wait_for_frames(server, &database, 200);
    server.query(&database, "create table was as select topic, kafka_partition, next_offset from sink_positions");
    publish_frames(&bus, &CAMERAS, 50..100, begin);
    wait_for_frames(server, &database, 400);
    // In one transaction, which the sink's wait for: all that was stored since then is gone.
    server.query(
        &database,
        "begin; lock table sink_positions; delete from frames where sequence >= 50; delete from detections where sequence >= 50; \
         delete from alerts; delete from tracks; delete from passages; delete from counts_1m; delete from counts_15m; \
         delete from watched_1m; delete from watched_15m; delete from watched_until; \
         update sink_positions p set next_offset = w.next_offset from was w \
         where p.topic = w.topic and p.kafka_partition = w.kafka_partition; commit",
    );
    publish_frames(&bus, &CAMERAS, 100..110, begin);
    wait_for_frames(server, &database, 440);
    assert_eq!(one(server, &database, "select count(distinct (camera_id, sequence)) from frames"), 440);
    service.wait_ready(DEADLINE);
}

#[test]
fn nothing_is_lost_while_postgres_hangs_or_is_down() {
    let (bus, server) = (kafka().bus("pg-outage", 2), PostgresServer::start());
    let database = server.database();
    let service = launch(&bus, &database).set("postgres.statement_timeout", "1s").start();
    service.wait_ready(DEADLINE);
    let begin = a_minute_ago();
    publish_frames(&bus, &CAMERAS, 0..50, begin);
    server.server.pause();
    publish_frames(&bus, &CAMERAS, 50..100, begin);
    wait_for(DEADLINE, "the hang to be reported", || match service.ready() {
        Ok((503, _)) => Ok(()),
        other => Err(format!("{other:?}; the log ends:\n{}", service.log_tail())),
    });
    server.server.resume();
    wait_for_frames(&server, &database, 400);
    server.server.kill();
    publish_frames(&bus, &CAMERAS, 100..150, begin);
    wait_for(DEADLINE, "the outage to be reported", || match service.ready() {
        Ok((503, body)) if body.contains("postgres") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    server.server.restart();
    wait_for_frames(&server, &database, 600);
    assert_exact(&server, &database, 150);
    service.wait_ready(DEADLINE);
}

#[test]
fn unreadable_records_go_to_the_dead_letter_topic_and_the_sink_continues() {
    let (bus, server) = (kafka().bus("pg-letters", 1), postgres());
    let database = server.database();
    let service = start(&bus, &database);
    let begin = a_minute_ago();
    publish_frames(&bus, &CAMERAS, 0..1, begin);
    bus.produce(Topic::Detections, "cam-a", Some(b"\xff\xff\xff not protobuf"));
    bus.produce(Topic::Detections, "cam-a", None);
    let mut late = frame("cam-a", 1, 7, begin);
    late.captured_at_us = i64::MAX;
    bus.produce_message(Topic::Detections, "cam-a", &late);
    let mut zero = frame("cam-a", 1, 8, begin);
    zero.model_name = "a\0b".to_owned();
    bus.produce_message(Topic::Detections, "cam-a", &zero);
    bus.produce(Topic::Alerts, "cam-a", Some(b"neither"));
    publish_frames(&bus, &CAMERAS, 1..2, begin);
    wait_for_frames(server, &database, 8);
    wait_until(DEADLINE, "all dead letters", || bus.written(Topic::DeadLetters) == 5);
    let dead_letters = bus.records(Topic::DeadLetters);
    let reasons: Vec<&str> = dead_letters.iter().map(|record| record.header(HEADER_REASON).unwrap()).collect();
    for part in ["not a FrameDetections", "empty", "captured_at_us", "zero byte", "not a Alert"] {
        assert!(reasons.iter().any(|reason| reason.contains(part)), "{part} is not in {reasons:?}");
    }
    assert!(dead_letters.iter().any(|record| record.payload.as_deref() == Some(b"neither")));
    assert!(dead_letters.iter().all(|record| record.header(HEADER_SOURCE_TOPIC).is_some()));
    assert_eq!(one(server, &database, "select count(*) from frames"), 8);
    // Counted after the broker has acknowledged the record, which is a moment after it can be read.
    wait_until(DEADLINE, "all dead letters to be counted", || {
        service.metric("dead_letters_sent_records_total", &[]) as u64 == 5
    });
}

#[test]
fn each_day_has_a_partition_and_rows_with_wrong_times_are_kept() {
    let (bus, server) = (kafka().bus("pg-days", 1), postgres());
    let database = server.database();
    let service = start(&bus, &database);
    let day = 86_400_000_000;
    let now = now_us();
    // Today, a week ago, a recording of 2015, a camera whose clock is ten years ahead.
    for (sequence, time) in [(0, now), (1, now - 7 * day), (2, 1_426_000_000_000_000), (4, now + 3_650 * day)] {
        let mut message = frame("cam-a", 1, sequence, time);
        message.captured_at_us = time;
        bus.produce_message(Topic::Detections, "cam-a", &message);
    }
    wait_for_frames(server, &database, 4);
    assert_eq!(one(server, &database, "select count(*) from frames_default"), 2);
    assert_eq!(one(server, &database, "select count(*) from detections"), 4);
    let days = "select count(*) from pg_inherits where inhparent = 'frames'::regclass";
    // The default, today and the three days ahead, and the day of a week ago.
    wait_until(DEADLINE, "maintenance to create the partitions", || one(server, &database, days) == 6);
    assert!(service.stop().success());
    // A shorter retention drops the day of a week ago. The rows in the default partition were stored just now and stay.
    let service = launch(&bus, &database).set("postgres.retention", "3days").start();
    service.wait_ready(DEADLINE);
    wait_until(DEADLINE, "the old partition to be dropped", || one(server, &database, days) == 5);
    assert_eq!(one(server, &database, "select count(*) from frames"), 3);
    assert_eq!(one(server, &database, "select count(*) from frames_default"), 2);
}

#[test]
fn migrate_creates_the_schema_and_can_be_repeated() {
    let server = postgres();
    let database = server.database();
    for _ in 0..2 {
        let output = vru_runtime::test_util::run_to_end(
            "vru-sink",
            &["migrate"],
            &[("postgres.url", &database), ("admin", "127.0.0.1:0")],
        );
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../storage/migrations")).unwrap().count();
    assert_eq!(one(server, &database, "select count(*) from refinery_schema_history"), migrations as u64);
}

#[test]
fn the_sink_stores_nothing_until_the_database_has_every_migration() {
    let (bus, server) = (kafka().bus("pg-schema", 1), postgres());
    let database = server.database();
    publish_frames(&bus, &["cam-a"], 1..4, a_minute_ago());
    let service = launch(&bus, &database).set("postgres.migrate", "false").start();
    wait_until(DEADLINE, "the sink to name the missing migrations", || {
        service.ready().is_ok_and(|(status, body)| {
            status == 503 && body.contains("V1__frames_detections_alerts") && body.contains("vru-sink migrate")
        })
    });
    let settings = [("postgres.url", database.as_str()), ("admin", "127.0.0.1:0")];
    assert!(vru_runtime::test_util::run_to_end("vru-sink", &["migrate"], &settings).status.success());
    wait_for_frames(server, &database, 3);

    // A newer program migrates during an update: this one works on after a restart, and says that it is older.
    let newer = "INSERT INTO refinery_schema_history VALUES (9999, 'from_tomorrow', '2100-01-01T00:00:00Z', '1')";
    server.query(&database, newer);
    assert!(service.stop().success());
    service.restart();
    publish_frames(&bus, &["cam-a"], 4..7, a_minute_ago());
    wait_for_frames(server, &database, 6);
    assert!(service.log().contains("V9999__from_tomorrow"), "{}", service.log());
}
