//! What people have deleted stays deleted, also when Kafka gives it again.

use std::time::Duration;

use vru_proto::v1;
use vru_runtime::kafka::Record;

use super::*;

/// A deletion of the camera's data from one second to another, counted from `begin_us`.
fn delete(database: &Database, camera: &str, begin_us: i64, (from, to): (i64, i64)) {
    let at = |second: i64| format!("to_timestamp({}::numeric / 1000000)", begin_us + second * 1_000_000);
    postgres().query(
        &database.url,
        &format!(
            "INSERT INTO sites (id, name, time_zone, units) VALUES ('site', 'site', 'UTC', 1) ON CONFLICT DO NOTHING;
             INSERT INTO data_jobs (id, site_id, camera_id, kind, from_at, to_at) \
             VALUES ('job-{camera}-{from}', 'site', '{camera}', 'deletion', {}, {})",
            at(from),
            at(to)
        ),
    );
}

fn alert(offset: i64, captured_at_us: i64) -> Item<ParsedRecord> {
    let id = format!("alert-{offset}");
    let alert = v1::Alert {
        id: id.clone(),
        camera_id: "cam".to_owned(),
        captured_at_us,
        emitted_at_us: captured_at_us,
        snapshot_key: format!("snapshots/{id}.jpg"),
        clip_key: format!("clips/{id}.mp4"),
        ..Default::default()
    };
    let key = FrameKey { camera: "cam".parse().unwrap(), session: 1, sequence: offset as u64 };
    let record =
        Record { partition: partition(), offset, timestamp_ms: None, key: None, payload: None, headers: Vec::new() };
    let value = ParsedRecord::Alert { key, alert: Box::new(alert), record };
    Item { partition: partition(), offset, value }
}

#[tokio::test]
async fn what_was_captured_in_a_deleted_range_is_not_stored_however_often_it_comes() {
    let database = Database::migrated().await;
    let now = now_us();
    let begin = now - now % 60_000_000 - 60_000_000;
    let second = |second: i64| begin + second * 1_000_000;
    // Of another camera, and a range of this one without an end in the batch.
    delete(&database, "other", begin, (0, 60));
    delete(&database, "cam", begin, (4, 8));
    let items = |first: i64| {
        let frames = (0..12).map(move |n| frame(first + n, n as u64, second(n)));
        frames.chain((0..12).map(move |n| alert(first + 12 + n, second(n)))).collect::<Vec<_>>()
    };
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let written = writer.write(&claims, &items(0)).await.unwrap();
    assert_eq!((written.frames, written.deleted_frames), (8, 4));
    assert_eq!((written.alerts, written.deleted_alerts), (8, 4));
    let inside = |table: &str| {
        let sql = format!(
            "{table} WHERE captured_at >= to_timestamp({}::numeric / 1000000) AND captured_at < to_timestamp({}::numeric / 1000000)",
            second(4),
            second(8)
        );
        database.count(&sql)
    };
    for table in ["frames", "detections", "alerts"] {
        assert_eq!(inside(table), "0", "{table}");
    }
    database.assert_tracks(16);
    assert_eq!(database.count("deleted_objects WHERE job_id = 'job-cam-4'"), "8");
    // A new consumer reads everything again from the begin.
    postgres().query(&database.url, "UPDATE sink_positions SET next_offset = 0");
    let claims = take_over(&mut writer).await;
    let again = writer.write(&claims, &items(0)).await.unwrap();
    assert_eq!((again.frames, again.duplicate_frames, again.deleted_frames, again.deleted_alerts), (0, 8, 4, 4));
    assert_eq!((inside("frames"), inside("alerts")), ("0".to_owned(), "0".to_owned()));
}

#[tokio::test]
async fn a_deletion_waits_for_the_batch_that_is_being_stored_and_sees_its_rows() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    writer.write(&claims, &frames(0..3)).await.unwrap();
    // A batch is as far as its lock: the lock of a deletion is not granted before it ends.
    let batch = connect(&database.config.database, "batch").await.unwrap();
    let deletion = connect(&database.config.database, "deletion").await.unwrap();
    let lock = vru_storage::data_jobs::RANGES_LOCK;
    batch.batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock_shared({lock})")).await.unwrap();
    let sql = format!("BEGIN; SELECT pg_advisory_xact_lock({lock})");
    let mut waiting = Box::pin(deletion.batch_execute(&sql));
    assert!(tokio::time::timeout(Duration::from_millis(500), &mut waiting).await.is_err());
    // Batches that come later wait for the deletion, and so know of it.
    let items = frames(3..5);
    let mut later = Box::pin(writer.write(&claims, &items));
    assert!(tokio::time::timeout(Duration::from_millis(500), &mut later).await.is_err());
    batch.batch_execute("COMMIT").await.unwrap();
    waiting.await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(500), &mut later).await.is_err());
    deletion.batch_execute("COMMIT").await.unwrap();
    assert_eq!(later.await.unwrap().frames, 2);
}
