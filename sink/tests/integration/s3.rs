//! Objects: complete, under keys that follow from their content, and readable by other software.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rand::Rng as _;
use tokio::runtime::Runtime;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{
    Bus, S3Server, ServiceLaunch, Topic, kafka, require_asset, s3, seeded_rng, wait_for, wait_until,
};
use vru_storage::s3::BucketConfig;

use crate::messages::{a_minute_ago, alert, object_count, publish_frames};

const DEADLINE: Duration = Duration::from_secs(40);
const CAMERAS: [&str; 4] = ["cam-a", "cam-b", "cam-c", "cam-d"];

pub fn launch(bus: &Bus, server: &S3Server, bucket: &str) -> ServiceLaunch {
    ServiceLaunch::new("vru-sink")
        .args(["s3"])
        .bus(bus)
        .set("s3.endpoint", server.endpoint())
        .set("s3.bucket", bucket)
        .set("s3.access_key", S3Server::ACCESS_KEY)
        .set("s3.secret_key", S3Server::SECRET_KEY)
        .set("s3.group", format!("{}s3", bus.prefix()))
        .set("s3.parquet.max_records", "40")
        .set("s3.timeout", "2s")
        .set("kafka.session_timeout", "2s")
}

/// The bucket's objects by key.
pub fn objects(server: &S3Server, bucket: &str, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let config = BucketConfig {
        endpoint: server.endpoint(),
        region: S3Server::REGION.to_owned(),
        access_key: Secret::new(S3Server::ACCESS_KEY),
        secret_key: Secret::new(S3Server::SECRET_KEY),
        ..BucketConfig::default()
    };
    Runtime::new().unwrap().block_on(async {
        let client = vru_storage::s3::client(&config).await;
        let list = client.list_objects_v2().bucket(bucket).prefix(prefix).send().await.unwrap();
        let mut found = BTreeMap::new();
        for key in list.contents().iter().filter_map(|object| object.key()) {
            let object = client.get_object().bucket(bucket).key(key).send().await.unwrap();
            found.insert(key.to_owned(), object.body.collect().await.unwrap().to_vec());
        }
        found
    })
}

/// How many alerts the consumer of snapshots or of clips has not done.
pub fn alerts_lag(bus: &Bus, consumer: &str) -> u64 {
    bus.lag(&format!("{}s3-{consumer}", bus.prefix()), Topic::Alerts)
}

/// What DuckDB and pyarrow find in the files: frames, rows without an object, detections, and duplicate rows.
fn count(folder: &Path) -> String {
    const SCRIPT: &str = "
import sys, duckdb, pyarrow.dataset as ds
files = sys.argv[1] + '/**/*.parquet'
row = duckdb.sql(f'''select count(distinct (camera_id, session, sequence)), count(*) filter (object_index is null),
    count(object_index), count(*) - count(distinct (camera_id, session, sequence, coalesce(object_index, -1)))
    from read_parquet('{files}', hive_partitioning=true) where date is not null and hour is not null''').fetchall()[0]
table = ds.dataset(sys.argv[1], format='parquet', partitioning='hive').to_table()
assert str(table.schema.field('captured_at').type) == 'timestamp[us, tz=UTC]', table.schema
objects = [index for index in table['object_index'].to_pylist() if index is not None]
assert (len(table), len(objects)) == (row[1] + row[2], row[2]), (len(table), len(objects), row)
assert set(table['class'].to_pylist()) <= {None, 'PEDESTRIAN', 'CYCLIST'}
print('frames={} empty={} detections={} doubled={}'.format(*row))
";
    let output = Command::new(require_asset("venv/bin/python")).args(["-c", SCRIPT]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The Parquet objects as files.
fn download(server: &S3Server, bucket: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (key, bytes) in objects(server, bucket, "detections/") {
        let path = folder.path().join(key.strip_prefix("detections/").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// How many different frames the objects hold.
pub fn stored_frames(server: &S3Server, bucket: &str) -> u64 {
    let counts = count(download(server, bucket).path());
    let frames = counts.split_whitespace().find_map(|count| count.strip_prefix("frames="));
    frames.and_then(|frames| frames.parse().ok()).unwrap_or_else(|| panic!("{counts}"))
}

fn assert_exact(server: &S3Server, bucket: &str, frames_each: u64) {
    let folder = download(server, bucket);
    let cameras = CAMERAS.len() as u64;
    let empty = (0..frames_each).filter(|&sequence| object_count(sequence) == 0).count() as u64 * cameras;
    let detections: u64 = (0..frames_each).map(object_count).sum::<u64>() * cameras;
    let frames = frames_each * cameras;
    assert_eq!(count(folder.path()), format!("frames={frames} empty={empty} detections={detections} doubled=0"));
}

#[test]
fn parquet_holds_every_detection_once_through_kills() {
    let (bus, server) = (kafka().bus("s3-kill", 3), s3());
    let bucket = server.bucket();
    let mut random = seeded_rng("s3-kill");
    let service = launch(&bus, server, &bucket).set("s3.parquet.max_age", "1s").start();
    service.wait_ready(DEADLINE);
    let begin = a_minute_ago();
    for round in 0..4 {
        publish_frames(&bus, &CAMERAS, round * 50..(round + 1) * 50, begin);
        if round < 3 {
            std::thread::sleep(Duration::from_millis(random.random_range(0..200)));
            service.kill();
            service.restart();
        }
    }
    let group = format!("{}s3-detections", bus.prefix());
    wait_until(DEADLINE, "all to be committed", || bus.lag(&group, Topic::Detections) == 0);
    assert_exact(server, &bucket, 200);
}

#[test]
fn a_zombie_writes_nothing_twice() {
    let (bus, server) = (kafka().bus("s3-zombie", 2), s3());
    let bucket = server.bucket();
    let group = format!("{}s3-detections", bus.prefix());
    let begin = a_minute_ago();
    let zombie = launch(&bus, server, &bucket).start();
    zombie.wait_ready(DEADLINE);
    publish_frames(&bus, &CAMERAS, 0..30, begin);
    wait_until(DEADLINE, "the first cut", || bus.lag(&group, Topic::Detections) < 4 * 30);
    zombie.pause();
    publish_frames(&bus, &CAMERAS, 30..60, begin);
    let successor = launch(&bus, server, &bucket).start();
    // Fewer than `max_records` remain in each of the two partitions.
    wait_until(DEADLINE, "the second sink to cut", || bus.lag(&group, Topic::Detections) < 2 * 40);
    zombie.resume();
    publish_frames(&bus, &CAMERAS, 60..90, begin);
    wait_until(DEADLINE, "more cuts", || bus.lag(&group, Topic::Detections) < 2 * 40);
    for service in [&zombie, &successor] {
        service.wait_ready(DEADLINE);
    }
    for service in [&zombie, &successor] {
        assert!(service.stop().success());
    }
    // The two may have left records that were no longer theirs. A third sink reads and writes them.
    let last = launch(&bus, server, &bucket).set("s3.parquet.max_age", "1s").start();
    wait_until(DEADLINE, "all to be committed", || bus.lag(&group, Topic::Detections) == 0);
    assert!(last.stop().success());
    assert_exact(server, &bucket, 90);
}

#[test]
fn stopping_writes_the_open_segments() {
    let (bus, server) = (kafka().bus("s3-stop", 1), s3());
    let bucket = server.bucket();
    let service = launch(&bus, server, &bucket).start();
    service.wait_ready(DEADLINE);
    publish_frames(&bus, &CAMERAS, 0..5, a_minute_ago());
    wait_until(DEADLINE, "all to be taken", || {
        service.metric("sink_received_records_total", &[("topic", &bus.name(Topic::Detections))]) as u64 == 20
    });
    assert!(objects(server, &bucket, "detections/").is_empty());
    assert!(service.stop().success());
    assert_eq!(bus.lag(&format!("{}s3-detections", bus.prefix()), Topic::Detections), 0);
    assert_exact(server, &bucket, 5);
}

#[test]
fn nothing_is_lost_while_the_object_store_is_down() {
    let (bus, server) = (kafka().bus("s3-outage", 2), S3Server::start());
    let bucket = server.bucket();
    let service = launch(&bus, &server, &bucket).set("s3.parquet.max_age", "500ms").start();
    service.wait_ready(DEADLINE);
    let begin = a_minute_ago();
    publish_frames(&bus, &CAMERAS, 0..50, begin);
    server.server.kill();
    publish_frames(&bus, &CAMERAS, 50..100, begin);
    wait_for(DEADLINE, "the outage to be reported", || match service.ready() {
        Ok((503, body)) if body.contains("s3-detections") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    server.server.restart();
    let group = format!("{}s3-detections", bus.prefix());
    wait_until(DEADLINE, "all to be committed", || bus.lag(&group, Topic::Detections) == 0);
    service.wait_ready(DEADLINE);
    assert_exact(&server, &bucket, 100);
}

#[test]
fn an_alert_has_a_snapshot_and_a_clip_of_the_frames_around_it() {
    let (bus, server) = (kafka().bus("s3-alerts", 2), s3());
    let bucket = server.bucket();
    let picture = std::fs::read(require_asset("stills/bus.jpg")).unwrap();
    let begin = now_us() - 3_000_000;
    for number in 0..40_u64 {
        let frame = v1::Frame {
            id: Some(v1::FrameId { camera_id: "cam-a".to_owned(), session: 1, sequence: number }),
            captured_at_us: begin + number as i64 * 100_000,
            width: 810,
            height: 1080,
            source_width: 810,
            source_height: 1080,
            encoding: v1::Encoding::Jpeg.into(),
            key_frame: true,
            payload: picture.clone().into(),
            ..Default::default()
        };
        bus.produce_message(Topic::Frames, "cam-a", &frame);
    }
    let at = begin + 1_500_000;
    let mut first = alert("cam-a", "a-1", 15, at);
    first.snapshot = picture.clone().into();
    // Larger than one part.
    let mut large = alert("cam-a", "a-2", 16, at);
    large.snapshot = vec![7; 6 * 1024 * 1024].into();
    bus.produce_message(Topic::Alerts, "cam-a", &first);
    bus.produce_message(Topic::Alerts, "cam-a", &large);
    // The end of an alert and a crossing have neither.
    let ended = v1::Alert {
        state: v1::AlertState::Ended.into(),
        ended_at_us: at,
        snapshot: bytes::Bytes::new(),
        ..first.clone()
    };
    let kind = v1::AlertKind::LineCrossing.into();
    let crossing =
        v1::Alert { kind, snapshot_key: String::new(), clip_key: String::new(), ..alert("cam-a", "a-3", 17, at) };
    bus.produce_message(Topic::Alerts, "cam-a", &ended);
    bus.produce_message(Topic::Alerts, "cam-a", &crossing);
    let service = launch(&bus, server, &bucket)
        .set("s3.multipart_bytes", (5 * 1024 * 1024).to_string())
        .set("s3.clip.before", "500ms")
        .set("s3.clip.after", "500ms")
        // Only a limit: reading ends at the first frame after the window.
        .set("s3.clip.slack", "20s")
        .start();
    service.wait_ready(DEADLINE);
    wait_until(DEADLINE, "both alerts to be done", || alerts_lag(&bus, "snapshots") + alerts_lag(&bus, "clips") == 0);
    let snapshots = objects(server, &bucket, "snapshots/");
    assert_eq!(snapshots.len(), 2);
    assert_eq!(snapshots[&first.snapshot_key], picture);
    assert_eq!(snapshots[&large.snapshot_key], vec![7; 6 * 1024 * 1024]);
    let clips = objects(server, &bucket, "clips/");
    assert_eq!(clips.len(), 2);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &clips[&first.clip_key]).unwrap();
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries"])
        .args(["stream=codec_name,nb_read_frames", "-of", "csv=p=0"])
        .arg(file.path())
        .output()
        .unwrap();
    // From half a second before to half a second after, ten frames per second, including both ends.
    assert_eq!(String::from_utf8_lossy(&probe.stdout).trim(), "h264,11", "{}", String::from_utf8_lossy(&probe.stderr));
}
