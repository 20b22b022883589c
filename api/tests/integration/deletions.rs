//! Deletion of one camera's data of a range, on real servers: what is in the range goes and is counted, and nothing else.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;
use vru_runtime::test_util::{eventually, free_port};

use super::data::{ALERTS, BINS, DEADLINE, DETECTIONS, Data, FRAMES, FROM, PASSAGES, TO, TRACKS, python};

/// Rows by table and camera: in the range, and outside of it.
fn rows(data: &Data) -> Vec<Vec<String>> {
    let of = |table: &str, time: &str| {
        format!(
            "SELECT '{table}', camera_id, count(*) FILTER (WHERE {time} >= '{FROM}' AND {time} < '{TO}'), \
             count(*) FILTER (WHERE NOT ({time} >= '{FROM}' AND {time} < '{TO}')) FROM {table} GROUP BY 2"
        )
    };
    let of_alert = |table: &str| {
        format!(
            "SELECT '{table}', camera_id, count(*) FILTER (WHERE captured_at >= '{FROM}' AND captured_at < '{TO}'), \
             count(*) FILTER (WHERE NOT (captured_at >= '{FROM}' AND captured_at < '{TO}')) FROM {table} JOIN alerts a ON a.id = alert_id \
             GROUP BY 2"
        )
    };
    let parts = [
        of("frames", "captured_at"),
        of("detections", "captured_at"),
        of("tracks", "first_seen"),
        of("alerts", "captured_at"),
        of_alert("alert_reviews"),
        of_alert("alert_comments"),
        of_alert("alert_seen"),
        of("passages", "passed_at"),
        of("counts_1m", "starts_at"),
        of("watched_1m", "starts_at"),
    ];
    data.api.query(&format!("{} ORDER BY 1, 2", parts.join(" UNION ALL ")))
}

/// Quarters of an hour by camera: passages and watched minutes of each.
fn quarters(data: &Data) -> Vec<Vec<String>> {
    data.api.query(
        "SELECT camera_id, to_char(starts_at AT TIME ZONE 'UTC', 'HH24:MI'), passages, watched_us / 60000000 FROM counts_15m \
         JOIN watched_15m USING (camera_id, starts_at) ORDER BY 1, 2",
    )
}

/// Objects as the sink writes them: an hour before, one of both cameras, and one of the range alone.
const WRITE: &str = "
import sys, datetime, pyarrow as pa, pyarrow.parquet as pq
begin = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
def write(name, rows):
    columns = list(zip(*rows))
    times = pa.array([begin + datetime.timedelta(seconds=s) for s in columns[1]], pa.timestamp('us', tz='UTC'))
    index = pa.array([i if i >= 0 else None for i in columns[2]], pa.int32())
    classes = pa.array(['CYCLIST' if i >= 0 else None for i in columns[2]])
    schema = pa.schema([pa.field('camera_id', pa.string(), False), pa.field('captured_at', pa.timestamp('us', tz='UTC'), False),
        pa.field('object_index', pa.int32()), pa.field('class', pa.string()), pa.field('score', pa.float32())])
    score = pa.array([0.5 if i >= 0 else None for i in columns[2]], pa.float32())
    table = pa.Table.from_arrays([pa.array(columns[0]), times, index, classes, score], schema=schema)
    pq.write_table(table, sys.argv[1] + '/' + name, row_group_size=700, compression='zstd')
def seconds(cameras, first, last):
    return [(camera, s, i) for s in range(first, last) for camera in cameras for i in ([0, 1] if s % 2 else [-1])]
hour = 12 * 3600
write('before', seconds(['cam-a'], hour - 60, hour))
write('both', seconds(['cam-a', 'cam-b'], hour, hour + 2400))
write('range', seconds(['cam-a'], hour + 900, hour + 1000))
";

/// Rows by camera, in the range and outside, with how many have no object.
const COUNT: &str = "
import sys, duckdb
print(duckdb.sql(f'''select camera_id, count(*) filter (captured_at >= timestamptz '{sys.argv[2]}' and captured_at < timestamptz '{sys.argv[3]}'),
    count(*) filter (not (captured_at >= timestamptz '{sys.argv[2]}' and captured_at < timestamptz '{sys.argv[3]}')),
    count(*) filter (object_index is null and class is null and score is null), sum(score)
    from read_parquet('{sys.argv[1]}/*') group by 1 order by 1''').fetchall())
";

const OBJECTS: [(&str, &str); 3] = [
    ("before", "detections/date=2026-03-01/hour=11/camera_hash=03/a.parquet"),
    ("both", "detections/date=2026-03-01/hour=12/camera_hash=03/b.parquet"),
    ("range", "detections/date=2026-03-01/hour=12/camera_hash=05/c.parquet"),
];

async fn write_archives(data: &Data) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    tokio::task::block_in_place(|| python(WRITE, &[folder.path().to_str().expect("a text")]));
    for (name, key) in OBJECTS {
        let bytes = std::fs::read(folder.path().join(name)).expect("a file");
        data.bucket.put(key, "application/vnd.apache.parquet", bytes.into(), 1 << 24).await.expect("it is stored");
    }
    folder
}

/// What DuckDB finds in the objects that are there.
async fn archived(data: &Data) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, key) in OBJECTS {
        if let Some(bytes) = data.bucket.get(key).await.expect("an answer") {
            std::fs::write(folder.path().join(name), bytes).expect("a file");
        }
    }
    tokio::task::block_in_place(|| python(COUNT, &[folder.path().to_str().expect("a text"), FROM, TO]))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_camera_saw_in_a_range_is_deleted_and_counted_and_nothing_else() {
    let data = Data::start(|_| {}).await;
    data.fill("cam-a").await;
    data.fill("cam-b").await;
    let folder = write_archives(&data).await;
    assert_eq!(archived(&data).await, "[('cam-a', 1590, 2250, 1280, 1280.0), ('cam-b', 1440, 2160, 1200, 1200.0)]");
    let before = rows(&data);
    let path = data.start_job("cam-a", "deletions").await;
    let done = data.done(&path).await;
    let expected = json!({
        "frames": FRAMES, "detections": DETECTIONS, "tracks": TRACKS, "alerts": ALERTS, "reviews": ALERTS, "comments": ALERTS,
        "seen_marks": ALERTS, "webhook_deliveries": 0, "passages": PASSAGES, "count_bins": BINS, "watched_bins": BINS,
        "snapshots": ALERTS, "clips": ALERTS, "parquet_rows": 1590, "parquet_objects_rewritten": 1, "parquet_objects_removed": 1,
    });
    assert_eq!(done.body["deleted"], expected);
    // Nothing is left of the camera in the range; everything else is as it was.
    let after = before.iter().map(|row| match row.as_slice() {
        [table, camera, inside, outside] if camera == "cam-a" => {
            assert_ne!(inside, "0", "{table}");
            vec![table.clone(), camera.clone(), "0".to_owned(), outside.clone()]
        }
        row => row.to_vec(),
    });
    assert_eq!(rows(&data), after.collect::<Vec<_>>());
    // 12:10 to 12:26 is gone: 10 minutes are left of the first quarter, none of the second, 4 and 10 minutes of the others.
    let texts = |rows: &[[&str; 4]]| rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect::<Vec<_>>();
    let quarters = quarters(&data);
    assert_eq!(
        quarters,
        texts(&[
            ["cam-a", "12:00", "30", "10"],
            ["cam-a", "12:15", "12", "4"],
            ["cam-a", "12:30", "30", "10"],
            ["cam-b", "12:00", "45", "15"],
            ["cam-b", "12:15", "45", "15"],
            ["cam-b", "12:30", "30", "10"],
        ])
    );
    for (minute, snapshot, clip) in data.pictures("cam-a").await {
        let left = !(10..26).contains(&minute);
        assert_eq!((snapshot, clip), (left, left), "{minute}");
    }
    assert!(data.pictures("cam-b").await.iter().all(|&(_, snapshot, clip)| snapshot && clip));
    let left = "[('cam-a', 0, 2250, 750, 750.0), ('cam-b', 1440, 2160, 1200, 1200.0)]";
    assert_eq!(archived(&data).await, left);

    // The sinks of objects know of no deletion: what one writes late is found and counted.
    data.bucket.put("snapshots/cam-a-12.jpg", "image/jpeg", "again".into(), 1 << 20).await.expect("it is stored");
    let late = std::fs::read(folder.path().join("range")).expect("a file");
    data.bucket.put(OBJECTS[2].1, "application/vnd.apache.parquet", late.into(), 1 << 24).await.expect("it is stored");
    eventually(DEADLINE, "the late objects are removed", async || {
        let snapshot = data.bucket.stamp("snapshots/cam-a-12.jpg").await.expect("an answer");
        let object = data.bucket.stamp(OBJECTS[2].1).await.expect("an answer");
        if snapshot.is_none() && object.is_none() { Ok(()) } else { Err(format!("{snapshot:?} {object:?}")) }
    })
    .await;
    assert_eq!(archived(&data).await, left);
    data.reaches(&path, "the late object is counted", |body| body["deleted"]["parquet_objects_removed"] == 2).await;

    // The same again deletes nothing.
    let path = data.start_job("cam-a", "deletions").await;
    let again = data.done(&path).await;
    let numbers = again.body["deleted"].as_object().expect("numbers");
    assert!(numbers.values().all(|number| number == 0), "{again:?}");
    let audit = data.admin.get(&format!("/api/v1/sites/{}/audit", data.site)).await;
    let entries = audit.body["items"].as_array().expect("a list");
    let of = |action: &str| entries.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!(of("camera.delete_data"), 2);
    assert!(of("camera.data_deleted") >= 2, "{entries:?}");
    let list = data.admin.get(&format!("/api/v1/sites/{}/deletions", data.site)).await;
    assert_eq!(list.body["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_goes_on_with_a_deletion_and_the_numbers_are_the_same() {
    let data = Data::start(|api| {
        // Nobody answers there.
        api.s3.bucket.endpoint = format!("http://127.0.0.1:{}", free_port());
        api.data_jobs.storage_timeout = Duration::from_secs(2);
    })
    .await;
    data.fill("cam-a").await;
    let folder = write_archives(&data).await;
    drop(folder);
    let path = data.start_job("cam-a", "deletions").await;
    let waits = data.reaches(&path, "it says for what it waits", |body| body["problem"].is_string()).await;
    assert_eq!(
        (&waits.body["state"], &waits.body["deleted"]["frames"]),
        (&json!("running"), &json!(FRAMES)),
        "{waits:?}"
    );
    assert_eq!((&waits.body["deleted"]["snapshots"], &waits.body["deleted"]["parquet_rows"]), (&json!(0), &json!(0)));
    let endpoint = tokio::task::block_in_place(|| vru_runtime::test_util::s3().endpoint());
    let replica = data.api.replica_with(|api| api.s3.bucket.endpoint = endpoint).await;
    // The first one ends, or both would take the job in turn.
    let Data { api, site, bucket, .. } = data;
    drop(api);
    let data = Data { admin: replica.admin().await, api: replica, site, bucket };
    let done = data.done(&path).await;
    assert_eq!(
        (&done.body["deleted"]["frames"], &done.body["deleted"]["snapshots"], &done.body["deleted"]["parquet_rows"]),
        (&json!(FRAMES), &json!(ALERTS), &json!(1590)),
        "{done:?}"
    );
    assert!(data.bucket.stamp("snapshots/cam-a-12.jpg").await.expect("an answer").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_ranges_and_unknown_cameras_are_refused_and_nothing_is_deleted() {
    let data = Data::start(|_| {}).await;
    data.api.add_camera(&data.site, "cam-a");
    let other = data.admin.create_site("other").await;
    data.api.add_camera(&other, "cam-b");
    let path = |camera: &str| format!("/api/v1/sites/{}/cameras/{camera}/deletions", data.site);
    for (body, field) in [
        (json!({ "from": FROM, "to": FROM }), "to"),
        (json!({ "from": "2026-03-01T12:10:30Z", "to": TO }), "from"),
        (json!({ "from": FROM, "to": "2200-01-01T00:00:00Z" }), "to"),
        (json!({ "from": FROM, "to": TO, "camera_id": "x" }), "camera_id"),
    ] {
        let answer = data.admin.post(&path("cam-a"), &body).await;
        assert_eq!(answer.problem().2, field, "{body} {answer:?}");
        assert!(answer.status.is_client_error());
    }
    for camera in ["cam-b", "cam-c"] {
        let answer = data.admin.post(&path(camera), &json!({ "from": FROM, "to": TO })).await;
        assert_eq!(answer.problem(), (404, "not_found", ""), "{camera}");
    }
    assert_eq!(data.api.query("SELECT count(*) FROM data_jobs")[0][0], "0");
    let without = Data::start(|api| api.data_jobs.enabled = false).await;
    without.api.add_camera(&without.site, "cam-a");
    let path = format!("/api/v1/sites/{}/cameras/cam-a/deletions", without.site);
    let answer = without.admin.post(&path, &json!({ "from": FROM, "to": TO })).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.problem().1, "data_jobs_not_configured");
}
