//! The database is destroyed while the pipeline runs, and restored from a backup. What the pipeline wrote comes back from Kafka to the last
//! row; of what people wrote, at most what was not archived yet is lost; the topic of cameras and the database agree again; and every alert
//! is told to webhooks.

mod kafka_too;
mod refusals;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, PostgresServer, ServiceLaunch, Topic, free_port, kafka, postgres, s3, wait_for};

use crate::pipeline::{DEADLINE, Pipeline, Servers, camera, file, short_clip, start};
use crate::support::api_client::ApiClient;
use crate::support::backup::Backups;
use crate::support::webhook_target::WebhookTarget;

const PARTITIONS: i32 = 3;
const FRAMES: u64 = 60;
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PASSWORD: &str = "a long enough password";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// Of the test; the default is half a minute.
const ARCHIVE_SECONDS: u64 = 5;
/// Of the oldest change that may be lost: the archive's interval, and what a busy machine needs to store a segment.
const MOST_LOST: Duration = Duration::from_secs(ARCHIVE_SECONDS + 20);
/// What the pipeline writes.
const TABLES: [&str; 10] = [
    "frames",
    "detections",
    "alerts",
    "tracks",
    "passages",
    "counts_1m",
    "counts_15m",
    "watched_1m",
    "watched_15m",
    "watches",
];

/// A sink that nothing disturbs, and its database.
struct Reference {
    database: String,
}

impl Reference {
    fn launch(&self, bus: &Bus) -> ServiceLaunch {
        rows_only(ServiceLaunch::new("vru-sink").bus(bus))
            .set("postgres.url", &self.database)
            .set("postgres.migrate", "true")
            .set("postgres.group", format!("{}reference", bus.prefix()))
    }
}

fn rows_only(sink: ServiceLaunch) -> ServiceLaunch {
    sink.set("s3.enabled", "false").set("alerts.enabled", "false")
}

fn api(pipeline: &Pipeline<'_>) -> (ServiceLaunch, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let launch = ServiceLaunch::new("vru-api")
        .bus(&pipeline.bus)
        .set("database.url", &pipeline.database)
        .set("http.listen", &listen)
        .set("first_admin.token", TOKEN)
        .set("cameras.secrets_key", KEY)
        .set("webhooks.allowed_networks", "[\"127.0.0.0/8\"]")
        .set("webhooks.group", pipeline.group("webhooks"))
        .set("camera_tests.group", pipeline.group("reports"));
    (launch, listen)
}

/// The number of rows of each table of the pipeline, and a hash of what they say. When a row was stored is no part of it.
fn contents(server: &PostgresServer, database: &str) -> Vec<(String, Vec<String>)> {
    let contents = |table: &str| {
        let sql = format!(
            "select count(*), md5(coalesce(string_agg(line, chr(10) order by line), '')) from (select (to_jsonb(t) - \
             array['stored_at', 'updated_at'])::text as line from {table} t) lines"
        );
        (table.to_owned(), server.query(database, &sql).remove(0))
    };
    TABLES.into_iter().map(contents).collect()
}

/// The name in a connection string.
fn name_of(database: &str) -> &str {
    database.rsplit('/').next().unwrap_or(database)
}

/// Waits until the sink has stored all that is on the topics.
fn wait_until_stored(server: &PostgresServer, database: &str, bus: &Bus) {
    let written = bus.written(Topic::Detections) + bus.written(Topic::Alerts);
    wait_for(DEADLINE, "everything is stored", || {
        std::thread::sleep(Duration::from_millis(200));
        let rows = server.try_query(database, "select coalesce(sum(next_offset), 0) from sink_positions")?;
        let stored: u64 = rows[0][0].parse().map_err(|_| format!("{rows:?}"))?;
        if stored == written { Ok(()) } else { Err(format!("{stored} of {written} records")) }
    });
}

fn add_file(pipeline: &Pipeline<'_>, id: &str, clip: &std::path::Path) {
    pipeline.bus.put_camera(&camera(id, file(clip)));
}

/// Tells of an alert of a camera of the API, which is as one of another camera was. Returns the id of the event.
fn raise(bus: &Bus, like: &v1::Alert, camera_id: &str, number: u64) -> String {
    let mut alert = like.clone();
    alert.id = format!("told-{number}");
    camera_id.clone_into(&mut alert.camera_id);
    let now = now_us();
    (alert.captured_at_us, alert.began_at_us, alert.ended_at_us, alert.emitted_at_us) = (now, now, 0, now);
    alert.state = v1::AlertState::Raised.into();
    alert.end_reason = 0;
    if let Some(frame) = &mut alert.frame_id {
        camera_id.clone_into(&mut frame.camera_id);
        frame.sequence = number;
    }
    bus.produce_message(Topic::Alerts, camera_id, &alert);
    format!("{}.raised", alert.id)
}

/// The name of a camera on the topic.
fn topic_has(bus: &Bus, camera: &str) -> Option<String> {
    let newest =
        bus.records(Topic::Cameras).into_iter().rfind(|record| record.key.as_deref() == Some(camera.as_bytes()));
    let payload = newest?.payload?;
    let config: v1::CameraConfig = prost::Message::decode(payload).expect("a camera");
    Some(config.name)
}

fn settings(name: &str) -> Value {
    json!({ "settings": { "name": name, "enabled": false, "pull": { "url": "rtsp://192.0.2.7/stream" } } })
}

/// Writes what nobody but the database has, until it is told to stop or the database is gone. Returns when each was committed.
fn write_until(stop: &AtomicBool, server: &PostgresServer, database: &str) -> Vec<Instant> {
    let mut committed = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let sql = format!(
            "insert into audit_log (user_id, action, site_id, object, details, request_id) \
             values ('', 'test.write', '', '{}', '{{}}', '')",
            committed.len()
        );
        if server.try_query(database, &sql).is_err() {
            break;
        }
        committed.push(Instant::now());
        std::thread::sleep(Duration::from_millis(100));
    }
    committed
}

#[test]
fn a_restored_database_gets_everything_back_that_the_pipeline_wrote_and_people_lose_little() {
    let server = PostgresServer::start();
    let mut pipeline = Pipeline::on(Servers { kafka: kafka(), postgres: &server, s3: s3() }, "backup", PARTITIONS);
    let database = pipeline.database.clone();
    let backups = Backups::to_bucket(&server, name_of(&database), s3(), &s3().bucket(), ARCHIVE_SECONDS);
    backups.backup(&["enable"]);
    server.server.restart();
    let reference = Reference { database: postgres().database() };
    let [sink, undisturbed, ingest, infer] =
        start([rows_only(pipeline.sink()), reference.launch(&pipeline.bus), pipeline.ingest(), pipeline.infer()]);
    let (api, address) = api(&pipeline);
    let [api] = start([api]);
    let client = ApiClient::new(&address);
    let person = json!({ "token": TOKEN, "name": "Ada", "password": PASSWORD });
    assert_eq!(client.call("POST", "/api/v1/first-admin", Some(&person)).0, 201);
    client.log_in("Ada", PASSWORD);
    let (_, site) = client.call("POST", "/api/v1/sites", Some(&json!({ "name": "Street", "time_zone": "UTC" })));
    let site = format!("/api/v1/sites/{}", site["id"].as_str().unwrap());
    let add_camera = |name: &str| {
        let (status, added) = client.call("POST", &format!("{site}/cameras"), Some(&settings(name)));
        assert_eq!(status, 201, "{added}");
        added["id"].as_str().unwrap().to_owned()
    };
    let kept = add_camera("before");
    let target = WebhookTarget::start();
    let webhook = json!({ "name": "target", "url": target.url, "events": ["alert.raised"] });
    assert_eq!(client.call("POST", &format!("{site}/webhooks"), Some(&webhook)).0, 201);
    let clip = short_clip(FRAMES);

    // Filled, and backed up.
    add_file(&pipeline, "file-a", &clip);
    pipeline.wait_for_count("the first file", "select count(*) from frames where end_of_stream", 1);
    wait_for(DEADLINE, "an alert", || match pipeline.bus.written(Topic::Alerts) {
        0 => Err(infer.log_tail()),
        _ => Ok(()),
    });
    let alerts = pipeline.bus.messages::<v1::Alert>(Topic::Alerts);
    let like = alerts.into_iter().find(|alert| alert.state() == v1::AlertState::Raised).expect("it began");
    let told_before = raise(&pipeline.bus, &like, &kept, 1);
    wait_for(DEADLINE, "the first event", || match target.counts(std::slice::from_ref(&told_before))[..] {
        [1] => Ok(()),
        _ => Err(api.log_tail()),
    });
    let started = Instant::now();
    let said = backups.backup(&["run"]);
    println!("backup: {:?}\n{said}", started.elapsed());

    // It goes on, until the database is destroyed.
    let stop = AtomicBool::new(false);
    let (committed, destroyed, told_after, lost_camera) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| write_until(&stop, &server, &database));
        let begun = Instant::now();
        add_file(&pipeline, "file-b", &clip);
        pipeline.wait_for_count("the second file", "select count(*) from frames where end_of_stream", 2);
        let lost_camera = add_camera("added after the backup");
        let changed = client.replace(&format!("{site}/cameras/{kept}"), 1, &settings("changed after the backup"));
        assert_eq!(changed.0, 200, "{changed:?}");
        wait_for(DEADLINE, "the topic has both", || {
            let found = [&kept, &lost_camera].map(|id| topic_has(&pipeline.bus, id));
            let wanted = ["changed after the backup", "added after the backup"].map(|name| Some(name.to_owned()));
            if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
        });
        let told_after: Vec<String> = (2..7).map(|number| raise(&pipeline.bus, &like, &kept, number)).collect();
        wait_for(DEADLINE, "the events are told", || match target.counts(&told_after) {
            counts if counts.iter().all(|count| *count == 1) => Ok(()),
            counts => Err(format!("{counts:?}\n{}", api.log_tail())),
        });
        // Long enough that a log that is not archived would lose more than it may.
        wait_for(DEADLINE, "changes that are old enough", || {
            if begun.elapsed() > MOST_LOST + Duration::from_secs(10) { Ok(()) } else { Err("not yet".to_owned()) }
        });
        let destroyed = Instant::now();
        server.server.kill();
        stop.store(true, Ordering::Relaxed);
        (writing.join().unwrap(), destroyed, told_after, lost_camera)
    });
    assert!(backups.refusal(&backups.key(), server.data(), &[]).contains("holds a database"));
    fs::remove_dir_all(server.data()).unwrap();
    add_file(&pipeline, "file-c", &clip);
    let unread = raise(&pipeline.bus, &like, &kept, 7);

    // The old backup, without the log that followed: the pipeline's rows come from Kafka.
    let started = Instant::now();
    println!("{}", backups.restore(server.data(), &["--only-backup"]));
    server.server.restart();
    println!("restored and started: {:?}", started.elapsed());
    wait_until_stored(postgres(), &reference.database, &pipeline.bus);
    pipeline.wait_for_count("the third file", "select count(*) from frames where end_of_stream", 3);
    wait_until_stored(postgres(), &reference.database, &pipeline.bus);
    wait_until_stored(&server, &database, &pipeline.bus);
    println!("everything is stored again: {:?}", started.elapsed());
    let (found, expected) = (contents(&server, &database), contents(postgres(), &reference.database));
    assert_eq!(found, expected, "what an undisturbed sink has stored; {}", sink.log_tail());
    assert!(expected.iter().all(|(table, row)| row[0] != "0" || table == "passages"), "{expected:?}");

    // Cameras are those of the database, everywhere; nobody is logged in.
    wait_for(DEADLINE, "the topic has the cameras of the database", || {
        let found = [&kept, &lost_camera].map(|id| topic_has(&pipeline.bus, id));
        if found == [Some("before".to_owned()), None] { Ok(()) } else { Err(format!("{found:?}\n{}", api.log_tail())) }
    });
    assert_eq!(client.call("GET", &format!("{site}/cameras"), None).0, 401);
    client.log_in("Ada", PASSWORD);
    let (_, cameras) = client.call("GET", &format!("{site}/cameras"), None);
    assert_eq!(cameras["items"].as_array().map(Vec::len), Some(1), "{cameras}");
    assert!(topic_has(&pipeline.bus, "file-a").is_some(), "cameras of other programs stay");

    // No alert is kept from a webhook; what the restored database did not know that it was told comes again, with the same id.
    let all: Vec<String> = told_after.iter().cloned().chain([unread]).collect();
    wait_for(DEADLINE, "all events are told", || match target.counts(&all)[..] {
        [2, 2, 2, 2, 2, 1] => Ok(()),
        ref counts => Err(format!("{counts:?}\n{}", api.log_tail())),
    });
    assert_eq!(target.counts(&[told_before]), [1], "an event that the backup knows is told once");

    people_lose_little(&backups, name_of(&database), &committed, destroyed);
    refusals::damaged_backups_are_refused(&backups, &server);
    kafka_too::what_is_lost_is_told(&mut pipeline, &server, &sink, &infer);
    for service in [undisturbed, ingest, api] {
        assert!(service.stop().success(), "{}", service.log_tail());
    }
}

/// With the log, people lose what was not archived yet, and nothing in between.
fn people_lose_little(backups: &Backups, database: &str, committed: &[Instant], destroyed: Instant) {
    let folder = backups.new_folder("latest");
    let started = Instant::now();
    println!("{}", backups.restore(&folder, &[]));
    let restored = PostgresServer::start_on(&folder);
    println!("restored with its log and started: {:?}", started.elapsed());
    let sql = "select object from audit_log where action = 'test.write' order by object::int";
    let found: Vec<String> = restored.query(database, sql).into_iter().flatten().collect();
    let expected: Vec<String> = (0..found.len()).map(|number| number.to_string()).collect();
    assert_eq!(found, expected, "what is there is what was written first, without a gap");
    assert!(found.len() <= committed.len());
    let lost = committed.get(found.len()).map_or(Duration::ZERO, |oldest| destroyed - *oldest);
    println!("{} of {} changes are there; the oldest one that is lost was {lost:?} old", found.len(), committed.len());
    assert!(lost <= MOST_LOST, "a change is lost that was {lost:?} old");
    restored.server.stop();
}
