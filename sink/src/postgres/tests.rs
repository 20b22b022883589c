//! Transactions on a real PostgreSQL.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::ToSpan as _;
use vru_proto::ids::FrameKey;
use vru_proto::time::utc;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{Partition, Record, TopicId};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::postgres;
use vru_storage::postgres::{DatabaseConfig, connect};

use super::config::PostgresConfig;
use super::parse::ParsedRecord;
use super::partitions::create_partition;
use super::positions::{Claim, ConsumerIdentity};
use super::transaction::Written;
use super::writer::PostgresWriter;
use crate::batch::Item;
use crate::error::SinkError;

mod alerts;
mod counts;
mod created_days;
mod deleted_ranges;
mod retention;

struct Database {
    url: String,
    config: PostgresConfig,
}

impl Database {
    async fn migrated() -> Self {
        let url = postgres().database();
        let database = DatabaseConfig { url: Secret::new(url.clone()), ..DatabaseConfig::default() };
        let config = PostgresConfig { database, ..PostgresConfig::default() };
        super::migrate(&config).await.unwrap();
        Self { url, config }
    }

    fn writer(&self) -> PostgresWriter {
        let consumer =
            ConsumerIdentity { cluster_id: "cluster".to_owned(), name: "sink".to_owned(), owner: "test".to_owned() };
        PostgresWriter::new(self.config.clone(), consumer)
    }

    fn track_differences(&self) -> Vec<Vec<String>> {
        postgres().query(&self.url, include_str!("../../../storage/tests/tracks_differ.sql"))
    }

    /// The rows of tracks are what the rows of detections say, and they have this many detections.
    fn assert_tracks(&self, detections: u64) {
        let differences = self.track_differences();
        assert!(differences.is_empty(), "{differences:#?}");
        let counted = postgres().query(&self.url, "select sum(detections) from tracks")[0][0].clone();
        assert_eq!(counted, detections.to_string());
    }

    fn count(&self, what: &str) -> String {
        postgres().query(&self.url, &format!("select count(*) from {what}"))[0][0].clone()
    }
}

fn partition() -> Partition {
    Partition::new("vru.detections", 0)
}

fn frame(offset: i64, sequence: u64, captured_at_us: i64) -> Item<ParsedRecord> {
    let detections = v1::FrameDetections {
        captured_at_us,
        ingested_at_us: captured_at_us,
        inferred_at_us: captured_at_us,
        objects: vec![
            v1::DetectedObject {
                r#box: Some(v1::Box { left: sequence as f32, ..Default::default() }),
                track_id: 7,
                ..Default::default()
            };
            2
        ],
        ..Default::default()
    };
    let key = FrameKey { camera: "cam".parse().unwrap(), session: 1, sequence };
    let record =
        Record { partition: partition(), offset, timestamp_ms: None, key: None, payload: None, headers: Vec::new() };
    let value = ParsedRecord::Frame { key, detections: Box::new(detections), record };
    Item { partition: partition(), offset, value }
}

fn frames(offsets: std::ops::Range<i64>) -> Vec<Item<ParsedRecord>> {
    let now = now_us();
    offsets.map(|offset| frame(offset, offset as u64, now - now % 1_000_000 + offset)).collect()
}

async fn take_over(writer: &mut PostgresWriter) -> BTreeMap<Partition, Claim> {
    take_over_in(writer, TopicId::NONE).await
}

async fn take_over_in(writer: &mut PostgresWriter, topic: TopicId) -> BTreeMap<Partition, Claim> {
    writer.take_over(&[(partition(), topic)].into()).await.unwrap()
}

#[tokio::test]
async fn a_consumer_that_lost_its_partition_cannot_write() {
    let database = Database::migrated().await;
    let (mut old, mut new) = (database.writer(), database.writer());
    let old_claims = take_over(&mut old).await;
    old.write(&old_claims, &frames(0..3)).await.unwrap();
    let new_claims = take_over(&mut new).await;
    let claim = new_claims[&partition()];
    assert_eq!((claim.epoch, claim.next_offset), (2, Some(3)));
    let refused = old.write(&old_claims, &frames(3..5)).await.unwrap_err();
    assert!(matches!(refused, SinkError::Fenced { held: 1, found: 2, .. }), "{refused}");
    assert_eq!(database.count("frames"), "3");
    new.write(&new_claims, &frames(3..5)).await.unwrap();
    assert_eq!((database.count("frames"), database.count("detections")), ("5".to_owned(), "10".to_owned()));
    database.assert_tracks(10);
}

#[tokio::test]
async fn an_offset_is_no_position_in_a_topic_that_was_created_again() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let (old, new) = (TopicId::from_bytes([1; 16]), TopicId::from_bytes([2; 16]));
    let claims = take_over_in(&mut writer, old).await;
    writer.write(&claims, &frames(0..3)).await.unwrap();
    let same = take_over_in(&mut writer, old).await[&partition()];
    assert_eq!((same.epoch, same.next_offset, same.recreated), (2, Some(3), false));
    let claims = take_over_in(&mut writer, new).await;
    let other = claims[&partition()];
    assert_eq!((other.epoch, other.next_offset, other.recreated), (3, None, true));
    // Other frames at the same offsets, and one that the old topic had too.
    let now = now_us();
    let items: Vec<_> = (0..2).map(|at| frame(at, 10 + at as u64, now)).collect();
    assert_eq!(writer.write(&claims, &items).await.unwrap().frames, 2);
    assert_eq!(database.count("frames"), "5");
    let again = take_over_in(&mut writer, new).await[&partition()];
    assert_eq!((again.next_offset, again.recreated), (Some(2), false));
}

#[tokio::test]
async fn a_batch_may_be_written_again_if_the_outcome_of_its_commit_is_unknown() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let once = frames(0..4);
    let written = writer.write(&claims, &once[..3]).await.unwrap();
    assert_eq!(written, Written { frames: 3, detections: 6, tracks: 1, ..Written::default() });
    let stored_already = Written { duplicate_frames: 3, ..Written::default() };
    assert_eq!(writer.write(&claims, &once[..3]).await.unwrap(), stored_already);
    assert_eq!(writer.write(&claims, &once).await.unwrap().frames, 1);
    assert_eq!(database.count("frames"), "4");
    database.assert_tracks(8);
}

#[tokio::test]
async fn a_late_frame_gives_the_row_that_an_early_one_gives() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let now = now_us();
    let at = |offset: i64, sequence: u64| frame(offset, sequence, now + sequence as i64 * 400_000);
    // Late within a batch, late against the stored row, and late together with one that is not.
    for batch in [&[at(0, 3), at(1, 1)][..], &[at(2, 2)], &[at(3, 8), at(4, 0), at(5, 9)]] {
        assert_eq!(writer.write(&claims, batch).await.unwrap().duplicate_frames, 0);
    }
    database.assert_tracks(12);
    assert_eq!(database.count("tracks"), "1");
    // The comparison finds what is wrong.
    for wrong in ["detections = detections + 1", "path_x[2] = path_x[2] + 1", "top_speed_px_s = 0", "zone_ids = '{a}'"]
    {
        postgres().query(&database.url, &format!("create table kept as table tracks; update tracks set {wrong}"));
        assert!(!database.track_differences().is_empty(), "{wrong}");
        postgres().query(&database.url, "delete from tracks; insert into tracks table kept; drop table kept");
    }
    postgres().query(&database.url, "delete from tracks");
    assert!(!database.track_differences().is_empty());
}

#[tokio::test]
async fn a_refused_batch_leaves_tracks_as_they_were() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    writer.write(&claims, &frames(0..2)).await.unwrap();
    let mut refused = frames(2..4);
    if let ParsedRecord::Frame { detections, .. } = &mut refused[1].value {
        // PostgreSQL's text holds no zero byte. The check of records would have caught it.
        detections.model_name = "\0".to_owned();
    }
    assert!(writer.write(&claims, &refused).await.is_err());
    database.assert_tracks(4);
}

#[tokio::test]
async fn frames_that_were_published_twice_are_stored_once() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let now = now_us();
    let first: Vec<_> = (0..5).map(|at| frame(at, at as u64, now + at)).collect();
    writer.write(&claims, &first).await.unwrap();
    // Sequences 3 and 4 again, 5 twice in one batch.
    let again = [(5, 3), (6, 4), (7, 5), (8, 5), (9, 6)];
    let again: Vec<_> = again.iter().map(|&(offset, at)| frame(offset, at as u64, now + at)).collect();
    let written = writer.write(&claims, &again).await.unwrap();
    assert_eq!(written, Written { frames: 2, detections: 4, duplicate_frames: 3, ..Written::default() });
    assert_eq!(database.count("frames"), "7");
    database.assert_tracks(14);
    assert_eq!(take_over(&mut writer).await[&partition()].next_offset, Some(10));
}

#[tokio::test]
async fn rows_move_from_the_default_partition_when_the_partition_of_their_day_is_created() {
    let mut database = Database::migrated().await;
    database.config.retention = Duration::from_hours(24);
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let long_ago = now_us() - 10 * 86_400_000_000;
    writer.write(&claims, &[frame(0, 0, long_ago), frame(1, 1, now_us())]).await.unwrap();
    assert_eq!(database.count("frames_default"), "1");
    let mut client = connect(&database.config.database, "test").await.unwrap();
    for table in super::partitions::TABLES {
        assert!(create_partition(&mut client, table, utc(long_ago).date()).await.unwrap());
        assert!(!create_partition(&mut client, table, utc(long_ago).date()).await.unwrap());
    }
    assert_eq!(
        (database.count("frames_default"), database.count("detections_default")),
        ("0".to_owned(), "0".to_owned())
    );
    assert_eq!((database.count("frames"), database.count("detections")), ("2".to_owned(), "4".to_owned()));
}

#[tokio::test]
async fn several_sinks_create_the_same_partition_at_once() {
    let database = Database::migrated().await;
    let day = utc(now_us()).date().saturating_sub(3.days());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let config = database.config.clone();
        tasks.spawn(async move {
            let mut client = connect(&config.database, "test").await.unwrap();
            create_partition(&mut client, "frames", day).await.unwrap()
        });
    }
    let made = tasks.join_all().await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
}
