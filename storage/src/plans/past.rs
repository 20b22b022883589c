//! All frames of a camera's last hour, in the partition of a day that goes on: four cameras with ten frames a second and two road users in each.

use std::time::{Duration, SystemTime};

use super::{check, check_days, day, explain, filled};
use crate::past_frames::{PAST, PastFilter, past};
use crate::postgres::PooledClient;

/// Partitions of ten days, whose statistics nobody but the test brings up to date, and functions that add hours of the fifth day.
const TABLES: &str = "DO $$ BEGIN FOR n IN 0..9 LOOP
        EXECUTE format('CREATE TABLE frames_d%s PARTITION OF frames FOR VALUES FROM (%L) TO (%L) WITH (autovacuum_enabled = off)', n,
            '2026-03-01T00:00:00Z'::timestamptz + n * interval '1 day', '2026-03-02T00:00:00Z'::timestamptz + n * interval '1 day');
        EXECUTE format('CREATE TABLE detections_d%s PARTITION OF detections FOR VALUES FROM (%L) TO (%L) WITH (autovacuum_enabled = off)', n,
            '2026-03-01T00:00:00Z'::timestamptz + n * interval '1 day', '2026-03-02T00:00:00Z'::timestamptz + n * interval '1 day');
    END LOOP; END $$;
    CREATE FUNCTION add_frames(first bigint, last bigint, cameras bigint) RETURNS void LANGUAGE sql AS $$
        INSERT INTO frames (camera_id, captured_at, session, sequence, clock_source, ingested_at, inferred_at, source_width, source_height,
            model_name, model_version, object_count, delivery, end_of_stream, queued_us, decode_us, preprocess_us, inference_us,
            postprocess_us, track_us, watch_id)
        SELECT 'cam-' || c, at, 1, n, 1, at, at, 1920, 1080, 'm', '1', 2, 1, false, 0, 0, 0, 0, 0, 0, 1
        FROM generate_series(first, last) n, generate_series(1, cameras) c,
            LATERAL (SELECT '2026-03-05T00:00:00Z'::timestamptz + n * interval '100 ms' AS at) t ORDER BY n, c;
        INSERT INTO detections (camera_id, captured_at, session, sequence, object_index, class, score, track_id, track_state, box_left,
            box_top, box_width, box_height, found_left, found_top, found_width, found_height)
        SELECT camera_id, captured_at, session, sequence, o, 1, 0.8, 2 * (sequence / 100) + o, 2, 0, 0, 9, 9, o, 0, 9, 9
        FROM frames, generate_series(0, 1) o WHERE sequence BETWEEN first AND last ORDER BY sequence, camera_id, o $$";

/// Frames of an hour and the five minutes before it.
const FRAMES: usize = 39_000;

fn minute(minutes: u64) -> SystemTime {
    day(4) + Duration::from_secs(60 * minutes)
}

fn filter(from: u64, most_objects: i64) -> PastFilter<'static> {
    PastFilter { camera_id: "cam-3", from: minute(from), to: minute(from + 65), most_frames: 40_000, most_objects }
}

async fn check_plan(client: &PooledClient, what: &str, from: u64, most_pages: u64) {
    let PastFilter { camera_id, from, to, most_frames, most_objects } = filter(from, 200_000);
    let plan = explain(client, PAST, &[&camera_id, &from, &to, &most_frames, &most_objects]).await;
    check(what, &plan, "frames_d4_pkey", most_pages);
    assert!(plan.contains("detections_d4_pkey"), "{what}:\n{plan}");
    check_days(what, &plan, "frames", 4);
    check_days(what, &plan, "detections", 4);
}

#[tokio::test]
async fn the_newest_hour_of_a_camera_is_read_as_fast_as_one_that_the_statistics_know() {
    let client = filled(TABLES).await;
    client.batch_execute("SELECT add_frames(0, 60000, 4); ANALYZE").await.unwrap();
    check_plan(&client, "an hour that the statistics know", 30, 20_000).await;
    client.batch_execute("SELECT add_frames(60001, 100000, 4)").await.unwrap();
    // One page for each row at most, and the index.
    check_plan(&client, "the newest hour", 101, 3 * FRAMES as u64 + 10_000).await;

    let all = past(&client, filter(101, 200_000)).await.unwrap();
    assert_eq!((all.frames.len(), all.is_cut), (FRAMES, false));
    assert!(all.frames.is_sorted_by_key(|frame| frame.sequence));
    let lefts = |frame: &crate::past_frames::StoredFrame| {
        frame.objects.iter().map(|object| object.found.unwrap()[0]).collect::<Vec<_>>()
    };
    assert!(all.frames.iter().all(|frame| lefts(frame) == [0.0, 1.0]));
    // Of more road users than are wanted, those of the newest frames, which are whole.
    let newest = past(&client, filter(101, 20_001)).await.unwrap();
    assert_eq!((newest.frames.len(), newest.is_cut), (10_000, true));
    assert_eq!(newest.frames, all.frames[FRAMES - 10_000..]);
}
