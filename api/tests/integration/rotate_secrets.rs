//! The command that changes the key of encrypted values.

use std::time::Duration;

use serde_json::json;
use vru_api::ApiConfig;
use vru_proto::v1;
use vru_proto::v1::camera_config::Source;
use vru_runtime::cameras::{CamerasConfig, References, SealingKey};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Bus, Topic, eventually, kafka};

use super::api::Api;

fn key(digit: &str) -> Secret {
    Secret::new(digit.repeat(64))
}

/// How many encrypted values the database has, and how many of them the newest key of the configuration has encrypted.
fn sealed(api: &Api, config: &ApiConfig) -> (usize, usize) {
    let values = api.query(
        "SELECT v FROM (SELECT username AS v FROM camera_secrets UNION ALL SELECT password FROM camera_secrets \
         UNION ALL SELECT secret FROM webhooks UNION ALL SELECT old_secret FROM webhooks UNION ALL SELECT password FROM webhooks \
         UNION ALL SELECT sealed FROM signing_keys) a WHERE v IS NOT NULL",
    );
    let newest = SealingKey::parse(&config.cameras.secrets_key).expect("a key").newest_prefix();
    (values.len(), values.iter().filter(|row| row[0].starts_with(&newest)).count())
}

/// Of the record that came last.
fn published_login(bus: &Bus) -> Option<v1::Credentials> {
    let mut records = tokio::task::block_in_place(|| bus.messages::<v1::CameraConfig>(Topic::Cameras));
    match records.pop()?.source? {
        Source::Pull(pull) => pull.credentials,
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_an_old_key_are_encrypted_again_and_the_old_key_is_not_needed_any_more() {
    const CAMERAS: usize = 205;
    let bus = tokio::task::block_in_place(|| kafka().bus("rotation", 1));
    let api = Api::start_with(|config| {
        config.kafka = bus.config();
        config.cameras.secrets_key = key("a");
    })
    .await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    let settings = json!({ "name": "a", "pull": { "url": "rtsp://192.0.2.7/stream" } });
    let credentials = json!({ "username": "viewer", "password": "geheim" });
    let cameras = format!("/api/v1/sites/{site}/cameras");
    let made = admin.post(&cameras, &json!({ "settings": settings, "credentials": credentials })).await;
    let camera = made.body["id"].as_str().expect("an id").to_owned();
    // More than one batch.
    api.execute(&format!(
        "WITH made AS (INSERT INTO cameras SELECT (json_populate_record(c, json_build_object('id', 'camera_copy' || n))).* \
         FROM cameras c, generate_series(2, {CAMERAS}) n RETURNING id) \
         INSERT INTO camera_secrets (camera_id, username, password) \
         SELECT made.id, s.username, s.password FROM made, camera_secrets s"
    ));
    let hooks = format!("/api/v1/sites/{site}/webhooks");
    let login = json!({ "username": "vru", "password": "at the broker" });
    let body = json!({ "name": "a", "url": "mqtts://broker.example.org", "credentials": login });
    let hook = admin.post(&hooks, &body).await.header("location").to_owned();
    let rotated = admin.send(hyper::Method::POST, &format!("{hook}/secret"), &[("if-match", "\"1\"")], "").await;
    assert!(rotated.status.is_success(), "{rotated:?}");
    // An old one without the id of its key.
    api.execute("UPDATE webhooks SET old_secret = regexp_replace(old_secret, '^sealed:[0-9a-f]{8}:', 'sealed:')");
    let all = 2 * CAMERAS + 3 + 1;
    assert_eq!(sealed(&api, &api.config), (all, all - 1));
    let mut config = api.config.clone();
    config.cameras.secrets_key = key("b");
    // The old key is missing: nothing changes, and the log names it.
    let refused = vru_api::rotate_secrets(&config).await.expect_err("it fails").to_string();
    assert!(refused.starts_with(&format!("{} rows stay", CAMERAS + 2)), "{refused}");
    assert_eq!(sealed(&api, &config), (all, 0));
    config.cameras.old_secrets_keys = vec![key("c"), key("a")];
    vru_api::rotate_secrets(&config).await.expect("all are encrypted again");
    assert_eq!(sealed(&api, &config), (all, all));
    let before = api.query("SELECT string_agg(password, ',' ORDER BY camera_id) FROM camera_secrets");
    vru_api::rotate_secrets(&config).await.expect("there is nothing to do");
    assert_eq!(api.query("SELECT string_agg(password, ',' ORDER BY camera_id) FROM camera_secrets"), before);
    let log = api.query("SELECT details->>'camera_secrets' FROM audit_log WHERE action = 'secrets.rotate' ORDER BY id");
    assert_eq!(log, [["0".to_owned()], [CAMERAS.to_string()], ["0".to_owned()]]);
    // Ingest reads what was published with the new key alone.
    let references = References::new(&CamerasConfig { secrets_key: key("b"), ..CamerasConfig::default() });
    eventually(Duration::from_mins(1), "the login is published again", async || {
        let login = published_login(&bus).ok_or("no login")?;
        let login = references.login(&login).await.map_err(|error| error.to_string())?;
        if login.password.expose() == "geheim" { Ok(()) } else { Err("another login".to_owned()) }
    })
    .await;
    assert_eq!(admin.get(&format!("{cameras}/{camera}")).await.header("etag"), "\"1\"");
}
