//! Sites keep some kinds of data for less time than the service.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_runtime::test_util::eventually;

use super::data::{DEADLINE, Data};

/// Rows of the camera by table, before 12:20 and from then on, and how many alerts and tracks name pictures. Everything was captured and stored
/// at the same time.
fn rows(data: &Data, camera: &str) -> Vec<String> {
    let of = |table: &str, time: &str| {
        format!(
            "SELECT '{table} ' || count(*) FILTER (WHERE {time} < now() - interval '20 days') || ' ' \
             || count(*) FILTER (WHERE {time} >= now() - interval '20 days') FROM {table} WHERE camera_id = '{camera}'"
        )
    };
    let parts = [
        of("frames", "captured_at"),
        of("tracks", "first_seen"),
        of("alerts", "captured_at"),
        of("counts_1m", "starts_at"),
        of("passages", "passed_at"),
        format!(
            "SELECT 'detections ' || count(*) || ' ' || count(DISTINCT sequence) FROM detections WHERE camera_id = '{camera}'"
        ),
        format!(
            "SELECT 'pictured ' || count(*) || ' 0' FROM alerts WHERE camera_id = '{camera}' AND snapshot_key <> ''"
        ),
    ];
    data.api.query(&parts.join(" UNION ALL ")).into_iter().map(|row| row[0].clone()).collect()
}

/// 40 minutes become 40 days that end now: each minute is a day.
fn spread(data: &Data) {
    let at = |time: &str| {
        format!(
            "now() - interval '40 days' + floor(extract(epoch FROM {time} - '2026-03-01 12:00+00'::timestamptz) / 60) * interval '1 day' \
             + interval '12 hours' + mod(extract(epoch FROM {time})::bigint, 60) * interval '1 s'"
        )
    };
    data.api.execute(&format!(
        "UPDATE frames SET captured_at = {}, stored_at = {};
         UPDATE detections SET captured_at = {};
         UPDATE tracks SET first_seen = {}, last_seen = {}, updated_at = {};
         UPDATE alerts SET captured_at = {}, stored_at = {};
         UPDATE passages SET passed_at = {}, stored_at = {};
         UPDATE counts_1m SET starts_at = {}, updated_at = {};
         UPDATE tracks t SET snapshot_key = a.snapshot_key FROM alerts a WHERE a.camera_id = t.camera_id AND a.track_ids[1] = t.track_id",
        at("captured_at"),
        at("captured_at"),
        at("captured_at"),
        at("first_seen"),
        at("first_seen"),
        at("first_seen"),
        at("captured_at"),
        at("captured_at"),
        at("passed_at"),
        at("passed_at"),
        at("starts_at"),
        at("starts_at"),
    ));
}

async fn change(data: &Data, tag: &str, days: &Value) -> super::api::Answer {
    data.admin.put(&format!("/api/v1/sites/{}/retention", data.site), tag, days).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_keeps_what_it_has_chosen_and_other_sites_keep_all() {
    let data = Data::start(|api| api.retention.interval = Duration::from_millis(500)).await;
    data.fill("cam-a").await;
    data.fill("cam-b").await;
    let other = data.admin.create_site("other").await;
    data.api.execute(&format!("UPDATE cameras SET site_id = '{other}' WHERE id = 'cam-b'"));
    spread(&data);
    let all = [
        "frames 1200 1200",
        "tracks 20 20",
        "alerts 10 10",
        "counts_1m 20 20",
        "passages 60 60",
        "detections 2400 2400",
        "pictured 20 0",
    ];
    assert_eq!(
        (rows(&data, "cam-a"), rows(&data, "cam-b")),
        (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec())
    );
    // Without a choice nothing is deleted.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(rows(&data, "cam-a"), all);

    let path = format!("/api/v1/sites/{}/retention", data.site);
    let before = data.admin.get(&path).await;
    assert_eq!((before.header("etag"), &before.body["days"]), ("\"0\"", &json!({})));
    assert_eq!(
        before.body["longest"],
        json!({
            "detections": 30, "tracks": 30, "alerts": 30, "pictures": 3660, "counts": 730, "uploads": 3660, "audit": 3660
        })
    );
    let changed = change(&data, "\"0\"", &json!({ "detections": 20, "pictures": 20 })).await;
    assert_eq!((changed.status, changed.header("etag")), (StatusCode::OK, "\"1\""), "{changed:?}");
    let left = [
        "frames 0 1200",
        "tracks 20 20",
        "alerts 10 10",
        "counts_1m 20 20",
        "passages 60 60",
        "detections 1200 1200",
        "pictured 10 0",
    ];
    eventually(DEADLINE, "old detections and pictures go, and nothing else", async || {
        let found = rows(&data, "cam-a");
        if found == left { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    for (minute, snapshot, clip) in data.pictures("cam-a").await {
        assert_eq!((snapshot, clip), (minute >= 20, minute >= 20), "{minute}");
    }
    assert_eq!(
        data.api.query("SELECT count(*) FROM tracks WHERE camera_id = 'cam-a' AND snapshot_key IS NOT NULL")[0][0],
        "10"
    );

    let days = json!({ "detections": 20, "tracks": 20, "alerts": 20, "counts": 20, "pictures": 25 });
    assert_eq!(change(&data, "\"1\"", &days).await.status, StatusCode::OK);
    let left = [
        "frames 0 1200",
        "tracks 0 20",
        "alerts 0 10",
        "counts_1m 0 20",
        "passages 0 60",
        "detections 1200 1200",
        "pictured 10 0",
    ];
    eventually(DEADLINE, "the other kinds go, too", async || {
        let found = rows(&data, "cam-a");
        if found == left { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    // The other site's camera has everything.
    assert_eq!(rows(&data, "cam-b"), all);
    assert!(data.pictures("cam-b").await.iter().all(|&(_, snapshot, clip)| snapshot && clip));

    // Rows of long ago that were stored just now are kept from when they were stored.
    data.api.execute(
        "INSERT INTO frames SELECT camera_id, captured_at - interval '100 days', session, sequence + 10000, clock_source, ingested_at, \
         inferred_at, now(), source_width, source_height, model_name, model_version, object_count, delivery, end_of_stream, 0, 0, 0, 0, 0, 0 \
         FROM frames WHERE camera_id = 'cam-a' LIMIT 7;
         INSERT INTO audit_log (at, user_id, key_id, action, site_id, object, details, request_id) \
         SELECT now() - n * interval '1 day', 'ada', '', 'test.old', (SELECT id FROM sites WHERE name = 'own'), '', '{}', '' \
         FROM generate_series(1, 10) n",
    );
    let days = json!({ "detections": 20, "audit": 5 });
    assert_eq!(change(&data, "\"2\"", &days).await.status, StatusCode::OK);
    eventually(DEADLINE, "old entries of the audit log go", async || {
        let found = data.api.query("SELECT count(*) FROM audit_log WHERE action = 'test.old'")[0][0].clone();
        if found == "4" { Ok(()) } else { Err(found) }
    })
    .await;
    assert_eq!(rows(&data, "cam-a")[0], "frames 7 1200");
    let audit = data.admin.get(&format!("/api/v1/sites/{}/audit", data.site)).await;
    assert!(
        audit.body["items"].as_array().into_iter().flatten().any(|entry| entry["action"] == "site.change_retention")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_retentions_are_refused_and_change_nothing() {
    let data = Data::start(|_| {}).await;
    for (days, field) in [
        (json!({ "detections": 0 }), "detections"),
        (json!({ "tracks": 31 }), "tracks"),
        (json!({ "counts": 731 }), "counts"),
        (json!({ "audit": -1 }), "audit"),
        (json!({ "uploads": 4000 }), "uploads"),
        (json!({ "frames": 4 }), "frames"),
        (json!({ "alerts": "ten" }), "alerts"),
    ] {
        let answer = change(&data, "\"0\"", &days).await;
        assert_eq!((answer.problem().0, answer.problem().2), (422, field), "{answer:?}");
    }
    assert_eq!(change(&data, "\"1\"", &json!({})).await.problem(), (412, "changed_meanwhile", ""));
    assert_eq!(data.api.query("SELECT count(*) FROM site_retention")[0][0], "0");
    let without = Data::start(|api| api.data_jobs.enabled = false).await;
    assert_eq!(
        change(&without, "\"0\"", &json!({ "pictures": 3 })).await.problem(),
        (409, "data_jobs_not_configured", "pictures")
    );
    assert_eq!(change(&without, "\"0\"", &json!({ "tracks": 3 })).await.status, StatusCode::OK);
}
