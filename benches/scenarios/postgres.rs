//! Rows per second of `vru-sink postgres`, exactly once, from records on Kafka to the tables. The peer is `psql \copy` of the same
//! rows from a file, into the same tables with the same indexes.
//!
//! Does not measure: disks (the server runs without fsync, for both), networks, large tables, and the latency of one row.

use std::time::{Duration, Instant};

use prost::Message as _;
use vru_benches::inputs::hand_over;
use vru_benches::measure::Turns;
use vru_benches::messages::detections;
use vru_benches::publish::publish_all;
use vru_benches::row::{BenchRow, Goal};
use vru_runtime::clock::now_us;
use vru_runtime::kafka::ProducerOptions;
use vru_runtime::test_util::{PostgresServer, ServiceLaunch, Topic, kafka, postgres};

const TURNS: usize = 5;
const FRAMES: u64 = 60_000;
const OBJECTS: u64 = 5;
const ROWS: u64 = FRAMES * (1 + OBJECTS);
const TABLES: [&str; 2] = ["frames", "detections"];
const DEADLINE: Duration = Duration::from_mins(2);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let server = postgres();
    let mut turns = Turns::default();
    // The first turn is the warm-up of both sides.
    for turn in 0..=TURNS {
        let database = server.database();
        let ours = runtime.block_on(ours(server, &database));
        let copied = copy(server, &database);
        if turn > 0 {
            turns.add(ours, ROWS as f64 / copied.as_secs_f64());
        }
        server.query(&database, "drop table frames, detections cascade");
    }
    let version = server.query(&server.database(), "show server_version").remove(0).remove(0);
    let peer = format!("psql \\copy, PostgreSQL {version}");
    BenchRow::of("postgres", &turns, 1.0, "rows/s", Goal::AtLeast(0.8), &peer).save();
}

/// Stores a backlog that the sink finds at its start. The rate comes from the timestamps of the transactions, so that the start
/// and the polling of this bench do not count: the rows of all batches but the last, from the begin of the first transaction to
/// the begin of the last one.
async fn ours(server: &PostgresServer, database: &str) -> f64 {
    let bus = kafka().bus("bench-postgres", 2);
    let begin = now_us() - 60_000_000;
    let cameras = ["north", "south", "east", "west"];
    let messages: Vec<(&str, Vec<u8>)> = (0..FRAMES)
        .map(|number| {
            let camera = cameras[(number % 4) as usize];
            (camera, detections(camera, number / 4, begin, OBJECTS).encode_to_vec())
        })
        .collect();
    let producer = bus.config().producer(&ProducerOptions::default()).expect("a producer can be made");
    let records = messages.iter().map(|(camera, message)| (*camera, message.as_slice()));
    publish_all(&producer, &bus.name(Topic::Detections), records).await;
    let service = ServiceLaunch::new("vru-sink")
        .args(["postgres"])
        .bus(&bus)
        .set("postgres.url", database)
        .set("postgres.migrate", "true")
        .set("postgres.group", format!("{}postgres", bus.prefix()))
        .start();
    service.wait_ready(DEADLINE);
    let started = Instant::now();
    while service.count("sink_stored_frames_total", &[]) < FRAMES {
        assert!(started.elapsed() < DEADLINE, "not all rows came; the log ends:\n{}", service.log_tail());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(count(server, database, "frames"), FRAMES);
    assert_eq!(count(server, database, "detections"), FRAMES * OBJECTS);
    assert!(service.stop().success());
    let rate = "with batches as (select stored_at, sum(1 + object_count) as stored from frames group by stored_at), \
        span as (select min(stored_at) as first, max(stored_at) as last from batches) \
        select sum(stored) / extract(epoch from max(last) - min(first)) from batches, span where stored_at < last";
    server.query(database, rate)[0][0].parse().expect("a rate is a number")
}

fn count(server: &PostgresServer, database: &str, table: &str) -> u64 {
    let rows = server.query(database, &format!("select count(*) from {table}"));
    rows[0][0].parse().expect("a count is a number")
}

fn copy(server: &PostgresServer, database: &str) -> Duration {
    let files = TABLES.map(|table| hand_over(&format!("{table}.copy"), &[]));
    for (table, file) in TABLES.iter().zip(&files) {
        server.query(database, &format!("\\copy (select * from {table}) to '{}'", file.display()));
    }
    server.query(database, "truncate frames, detections");
    let started = Instant::now();
    for (table, file) in TABLES.iter().zip(&files) {
        server.query(database, &format!("\\copy {table} from '{}'", file.display()));
    }
    let took = started.elapsed();
    assert_eq!(count(server, database, "frames") + count(server, database, "detections"), ROWS);
    took
}
