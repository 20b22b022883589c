//! Streams of events that go on behind the last event that their client has.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::json;
use vru_runtime::kafka::resume_token::{StreamId, encode, parse};
use vru_runtime::test_util::{Bus, Topic, eventually, folder, kafka};

use super::api::{Api, ApiClient};
use super::live_events::{DEADLINE, Stream, alert, camera, publish};

const DOCUMENT: &str = include_str!("../../../docs/api.md");

async fn start(bus: &Bus) -> (Api, ApiClient, String) {
    let api = Api::start_with(|config| {
        config.kafka = bus.config();
        config.live.check_every = Duration::from_millis(200);
    })
    .await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    (api, admin, site)
}

/// The ids of the alerts that come before `ready`.
async fn until_ready(stream: &mut Stream) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let (name, data) = stream.next().await.expect("an event");
        match name.as_str() {
            "ready" => return ids,
            "alert.raised" => ids.push(data["alert"]["id"].as_str().expect("an id").to_owned()),
            "gap" => ids.push("gap".to_owned()),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_its_client_was_at_another_replica_and_after_a_restart() {
    let bus = tokio::task::block_in_place(|| kafka().bus("resumed", 3));
    let (api, admin, site) = start(&bus).await;
    let other_site = admin.create_site("other").await;
    let cameras = [camera(&admin, &site).await, camera(&admin, &site).await, camera(&admin, &site).await];
    let foreign = camera(&admin, &other_site).await;
    // Before anybody listens: it is no event of a stream that begins later.
    publish(&bus, &alert(&cameras[0], "before"));
    let mut stream = Stream::open_behind(&api, &admin, &site, "").await.expect("it is open");
    assert_eq!(until_ready(&mut stream).await, [""; 0]);
    let at_ready = stream.last_id.clone();
    publish(&bus, &alert(&cameras[0], "first"));
    assert_eq!(stream.named("alert.raised").await["alert"]["id"], "first");
    let at_first = stream.last_id.clone();
    assert_ne!(at_ready, at_first);
    drop(stream);

    let missed: Vec<String> = (0..40).map(|number| format!("missed-{number:02}")).collect();
    for (number, id) in missed.iter().enumerate() {
        publish(&bus, &alert(&cameras[number % 3], id));
        publish(&bus, &alert(&foreign, &format!("foreign-{number}")));
    }
    // Another replica has never read the topic. A restart is one that comes after the first has gone.
    let replica = api.replica().await;
    drop(api);
    let mut stream = Stream::open_behind(&replica, &admin.at(&replica), &site, &at_first).await.expect("it is open");
    let mut found = until_ready(&mut stream).await;
    for of_camera in 0..3 {
        let of = |ids: &[String]| -> Vec<String> {
            let mine = |id: &&String| id[7..].parse::<usize>().is_ok_and(|number| number % 3 == of_camera);
            ids.iter().filter(mine).cloned().collect()
        };
        assert_eq!(of(&found), of(&missed), "the alerts of a camera come in their order");
    }
    found.sort_unstable();
    assert_eq!(found, missed);
    // What comes afterwards comes once.
    publish(&bus, &alert(&cameras[1], "live"));
    assert_eq!(stream.named("alert.raised").await["alert"]["id"], "live");
    publish(&bus, &alert(&cameras[2], "last"));
    assert_eq!(stream.named("alert.raised").await["alert"]["id"], "last");
    let at_last = stream.last_id.clone();
    drop(stream);
    let mut stream = Stream::open_behind(&replica, &admin.at(&replica), &site, &at_last).await.expect("it is open");
    assert_eq!(until_ready(&mut stream).await, [""; 0], "nothing was missed");
    // While others are told, one that is behind gets all of it, too.
    let mut behind = Stream::open_behind(&replica, &admin.at(&replica), &site, &at_ready).await.expect("it is open");
    let mut all = until_ready(&mut behind).await;
    all.sort_unstable();
    let mut wanted = [missed, ["first", "last", "live"].map(str::to_owned).to_vec()].concat();
    wanted.sort_unstable();
    assert_eq!(all, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_too_old_or_of_another_topic_says_so_and_one_that_is_none_is_refused() {
    let bus = tokio::task::block_in_place(|| kafka().bus("gaps", 2));
    let (api, admin, site) = start(&bus).await;
    let gate = camera(&admin, &site).await;
    publish(&bus, &alert(&gate, "first"));
    let mut stream = Stream::open_behind(&api, &admin, &site, "").await.expect("it is open");
    stream.named("ready").await;
    let (present, positions) = parse(&stream.last_id).expect("an id");
    assert_eq!(positions.iter().sum::<i64>(), 1);
    let of_other_cluster = StreamId::new("another", "vru.alerts", present.topic);
    // After their retention, records before which somebody was; others that never were; and those of another topic.
    tokio::task::block_in_place(|| bus.truncate(Topic::Alerts));
    for id in [encode(present, &[0, 0]), encode(present, &[7, 7]), encode(of_other_cluster, &positions)] {
        let mut behind = Stream::open_behind(&api, &admin, &site, &id).await.expect("it is open");
        let (name, data) = behind.next().await.expect("an event");
        assert_eq!(name, "gap", "{id}");
        assert!(data["detail"].as_str().is_some_and(|detail| detail.contains("list of alerts")), "{data}");
        assert_eq!(until_ready(&mut behind).await, [""; 0]);
        // It goes on from the present.
        assert_eq!(parse(&behind.last_id), Ok((present, positions.clone())));
    }
    let path = format!("/api/v1/sites/{site}/events");
    for id in ["nonsense", "AAAA", &stream.last_id[1..]] {
        let refused = admin.send(Method::GET, &path, &[("last-event-id", id)], "").await;
        assert_eq!(refused.problem(), (400, "invalid_parameter", "last-event-id"), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_database_was_away_precedes_ready() {
    let bus = tokio::task::block_in_place(|| kafka().bus("interrupted", 1));
    let (api, admin, site) = start(&bus).await;
    let gate = camera(&admin, &site).await;
    let mut stream = Stream::open_behind(&api, &admin, &site, "").await.expect("it is open");
    stream.named("ready").await;
    // The site of a camera cannot be read: the reader gives up, and reads again when it can.
    api.execute("ALTER TABLE cameras RENAME TO hidden_cameras");
    let other = camera_without_api(&api, &site);
    publish(&bus, &alert(&other, "of-an-unknown-camera"));
    stream.named("interrupted").await;
    publish(&bus, &alert(&gate, "meanwhile"));
    api.execute("ALTER TABLE hidden_cameras RENAME TO cameras");
    assert_eq!(until_ready(&mut stream).await, ["of-an-unknown-camera", "meanwhile"]);
    publish(&bus, &alert(&gate, "after"));
    assert_eq!(stream.named("alert.raised").await["alert"]["id"], "after");
}

/// A camera that nobody has been told of.
fn camera_without_api(api: &Api, site: &str) -> String {
    api.execute(&format!("INSERT INTO hidden_cameras (id, site_id, settings) VALUES ('new-camera', '{site}', '{{}}')"));
    "new-camera".to_owned()
}

/// The example of the documentation, as it stands there.
fn example() -> String {
    let before = DOCUMENT.find("events.txt").expect("the example");
    let begin = DOCUMENT[..before].rfind("```sh\n").expect("a block") + 6;
    let end = DOCUMENT[before..].find("\n```").expect("its end") + before;
    DOCUMENT[begin..end].to_owned()
}

/// Bash with curl, in a process group of its own.
struct Curl {
    process: std::process::Child,
}

impl Curl {
    fn start(api: &Api, home: &Path, site: &str, key: &str) -> Self {
        use std::os::unix::process::CommandExt as _;
        let process = Command::new("bash")
            .args(["-c", &example()])
            .current_dir(home)
            .env("VRU", format!("http://{}", api.address))
            .env("SITE", site)
            .env("KEY", key)
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("bash runs");
        Self { process }
    }
}

impl Drop for Curl {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        Command::new("kill").args(["-KILL", "--", &group]).status().ok();
        self.process.wait().ok();
    }
}

async fn has(file: &PathBuf, what: &str, times: usize) {
    eventually(DEADLINE, what, async || {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.matches(what).count() == times { Ok(()) } else { Err(text) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_with_curl_misses_nothing_between_two_runs() {
    let bus = tokio::task::block_in_place(|| kafka().bus("curl", 2));
    let (api, admin, site) = start(&bus).await;
    let gate = camera(&admin, &site).await;
    let key = admin.create_key(Some(&site), &["alerts:read"]).await;
    let home = folder("events-with-curl");
    let file = home.join("events.txt");
    let first = Curl::start(&api, &home, &site, &key);
    has(&file, "event: ready", 1).await;
    publish(&bus, &alert(&gate, "seen"));
    has(&file, "\"id\":\"seen\"", 1).await;
    drop(first);
    publish(&bus, &alert(&gate, "unseen"));
    let replica = api.replica().await;
    drop(api);
    let second = Curl::start(&replica, &home, &site, &key);
    has(&file, "event: ready", 2).await;
    has(&file, "\"id\":\"unseen\"", 1).await;
    publish(&bus, &alert(&gate, "live"));
    has(&file, "\"id\":\"live\"", 1).await;
    has(&file, "\"id\":\"seen\"", 1).await;
    drop(second);
    let answer = admin.at(&replica).get(&format!("/api/v1/sites/{site}")).await;
    assert_eq!((answer.status, &answer.body["name"]), (StatusCode::OK, &json!("own")));
}
