//! Search in tracks.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::api::{Api, ApiClient};
use super::data::python;

async fn start() -> (Api, ApiClient, String) {
    let api = Api::start().await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    api.add_camera(&site, "cam-a");
    api.add_camera(&site, "cam.b");
    let viewer = api.member("viewer", &site, 1).await;
    (api, viewer, format!("/api/v1/sites/{site}/tracks"))
}

fn ids(items: &Value) -> Vec<&str> {
    items.as_array().into_iter().flatten().filter_map(|item| item["id"].as_str()).collect()
}

async fn found(client: &ApiClient, path: &str) -> Vec<String> {
    let answer = client.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
    ids(&answer.body["items"]).into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tracks_are_found_by_what_they_did() {
    let (api, client, tracks) = start().await;
    let walker = api.add_track("cam-a", 1, 0, "");
    let rider = api.add_track("cam-a", 2, 60, "class = 2, class_share = 0.6, zone_ids = '{crossing}', zone_first_inside = ARRAY[first_seen], zone_last_inside = ARRAY[last_seen], zone_detections = '{3}'");
    let biker = api.add_track("cam.b", 3, 120, "class = 3, last_seen = first_seen + interval '100 s'");
    let doubtful = api.add_track("cam.b", 4, 180, "confirmed_detections = 0");
    let odd = api.add_track("cam.b", 5, 240, "class = 77");
    api.add_crossing("cam-a", "x1", 5, 1, "kerb", 1);
    api.add_crossing("cam-a", "x2", 65, 2, "kerb", 2);
    // Of another track at that time.
    api.add_crossing("cam.b", "x3", 125, 9, "kerb", 1);
    let (walker, rider, biker, doubtful, odd) =
        (walker.as_str(), rider.as_str(), biker.as_str(), doubtful.as_str(), odd.as_str());
    for (query, expected) in [
        ("", &[odd, biker, rider, walker][..]),
        ("include_unconfirmed=true", &[odd, doubtful, biker, rider, walker]),
        ("camera_id=cam-a", &[rider, walker]),
        ("camera_id=cam-a&camera_id=cam.b&camera_id=cam-a&camera_id=unknown", &[odd, biker, rider, walker]),
        ("camera_id=unknown", &[]),
        ("from=2026-03-01T12:01:00Z", &[odd, biker, rider]),
        ("to=2026-03-01T12:01:00Z", &[walker]),
        ("from=2026-03-01T13:01:00%2B01:00&to=2026-03-01T12:02:00Z", &[rider]),
        ("class=pedestrian", &[walker]),
        ("class=pedestrian&class=cyclist", &[rider, walker]),
        ("min_class_share=0.7", &[odd, biker, walker]),
        ("zone_id=crossing", &[rider]),
        ("line_id=kerb", &[rider, walker]),
        ("line_id=kerb&direction=in", &[walker]),
        ("direction=out", &[rider]),
        ("line_id=other", &[]),
        ("min_duration_s=10.5", &[biker]),
        ("max_duration_s=10", &[odd, rider, walker]),
        ("class=cyclist&line_id=kerb&direction=in", &[]),
    ] {
        assert_eq!(found(&client, &format!("{tracks}?{query}")).await, expected, "{query}");
    }
    // A camera that is deleted keeps its tracks.
    api.execute("UPDATE cameras SET deleted_at = now() WHERE id = 'cam-a'");
    assert_eq!(found(&client, &format!("{tracks}?camera_id=cam-a")).await, [rider, walker]);
    let list = client.get(&tracks).await;
    let item = &list.body["items"][2];
    assert_eq!(
        (&item["camera_id"], &item["class"], &item["duration_s"]),
        (&json!("cam-a"), &json!("cyclist"), &json!(10.0))
    );
    assert_eq!(
        (&item["confirmed"], &item["zones"], &item["has_snapshot"]),
        (&json!(true), &json!(["crossing"]), &json!(false))
    );
    // A class of another version has no word.
    assert_eq!(list.body["items"][0].get("class"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_crossed_a_line_is_found_however_long_ago() {
    const DAY: i64 = 86_400;
    let (api, client, tracks) = start().await;
    // Around the ends of the days that are searched one after the other.
    let days_ago = [0, 1, 2, 3, 4, 7, 8, 15, 31, 64, 127, 128, 400, 4_000];
    let mut expected = Vec::new();
    for (number, (days, seconds)) in days_ago.into_iter().flat_map(|days| [(days, 0), (days, 1)]).enumerate() {
        let (track, second) = (number as i64, -days * DAY - seconds);
        expected.push(api.add_track(if seconds == 0 { "cam-a" } else { "cam.b" }, track, second, ""));
        api.add_crossing(
            if seconds == 0 { "cam-a" } else { "cam.b" },
            &format!("x{number}"),
            second + 5,
            track,
            "kerb",
            1,
        );
        // Somebody who crossed nothing.
        api.add_track("cam-a", 50 + track, second, "");
    }
    for to in ["", "&to=2026-03-01T12:00:01Z"] {
        assert_eq!(found(&client, &format!("{tracks}?line_id=kerb&limit=100{to}")).await, expected, "{to}");
    }
    let since = format!("{tracks}?direction=in&limit=100&from=2026-02-22T12:00:00Z&to=2026-03-01T12:00:00Z");
    assert_eq!(found(&client, &since).await, expected[1..11]);
    // Track 40 stays for three days and crosses after the end of the search. Track 41 has left before the crossing that names it.
    let stays = api.add_track("cam-a", 40, -10 * DAY, "last_seen = first_seen + interval '3 days'");
    api.add_crossing("cam-a", "late", -10 * DAY + 2 * DAY + 7_200, 40, "late", 2);
    api.add_track("cam-a", 41, -10 * DAY + 60, "");
    api.add_crossing("cam-a", "gone", -10 * DAY + 2 * DAY + 7_260, 41, "late", 2);
    let before = "from=2026-02-18T12:00:00Z&to=2026-02-20T00:00:00Z";
    assert_eq!(found(&client, &format!("{tracks}?line_id=late&{before}")).await, [stays]);
    let counts =
        client.get(&format!("{}?bin=1h&line_id=late&{before}", tracks.replace("/tracks", "/track-counts"))).await;
    assert_eq!(counts.status, StatusCode::OK, "{counts:?}");
    let bins = counts.body["bins"].as_array().expect("bins");
    assert_eq!(bins.iter().filter_map(|bin| bin["count"].as_i64()).sum::<i64>(), 1, "{counts:?}");
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{tracks}?line_id=kerb&direction=in&limit=5{cursor}")).await;
        read.extend(ids(&page.body["items"]).into_iter().map(str::to_owned));
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(read, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_each_track_once_although_others_begin_meanwhile() {
    let (api, client, tracks) = start().await;
    let mut expected = Vec::new();
    for track in 0..4 {
        // Two cameras, several tracks at the same time.
        for camera in ["cam-a", "cam.b"] {
            expected.push(api.add_track(camera, track, track / 2, ""));
        }
    }
    let order = |id: &String| {
        let camera = id.starts_with("cam.b");
        let track: i64 = id.rsplit('.').next().and_then(|track| track.parse().ok()).expect("a number");
        (track / 2, camera, track)
    };
    expected.sort_by_key(order);
    expected.reverse();
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{tracks}?limit=3{cursor}")).await;
        read.extend(ids(&page.body["items"]).into_iter().map(str::to_owned));
        api.add_track("cam-a", 100 + read.len() as i64, 1000, "");
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(read, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_has_its_path_zones_and_crossings_in_fractions_of_the_picture() {
    let (api, client, tracks) = start().await;
    let id = api.add_track(
        "cam.b",
        7,
        0,
        "zone_ids = '{crossing,kerb}', zone_first_inside = ARRAY[first_seen, first_seen + interval '1 s'], zone_detections = '{2,1}', \
         zone_last_inside = ARRAY[last_seen, first_seen + interval '1 s'], snapshot_key = 'snapshots/a.jpg', snapshot_score = 0.5, \
         mean_speed_px_s = 72",
    );
    api.add_crossing("cam.b", "x1", 5, 7, "stop", 2);
    api.add_crossing("cam.b", "x2", 3, 7, "kerb", 9);
    api.add_crossing("cam.b", "x3", 3, 8, "kerb", 1);
    let answer = client.get(&format!("{tracks}/{id}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let track = &answer.body;
    assert_eq!((&track["source_width"], &track["source_height"]), (&json!(1920), &json!(1080)));
    let path = json!([
        { "at": "2026-03-01T12:00:00Z", "x": 0.125, "y": 0.6 },
        { "at": "2026-03-01T12:00:10Z", "x": 0.5, "y": 0.5 }
    ]);
    assert_eq!(track["path"], path);
    assert_eq!(
        (&track["path_error_px"], &track["travelled_px"], &track["mean_speed_px_s"]),
        (&json!(1.5), &json!(720.0), &json!(72.0))
    );
    let visits = json!([
        { "zone_id": "crossing", "first_inside": "2026-03-01T12:00:00Z", "last_inside": "2026-03-01T12:00:10Z", "detections": 2 },
        { "zone_id": "kerb", "first_inside": "2026-03-01T12:00:01Z", "last_inside": "2026-03-01T12:00:01Z", "detections": 1 }
    ]);
    assert_eq!(track["zone_visits"], visits);
    // A direction of another version has no word.
    let crossings = json!([
        { "line_id": "kerb", "at": "2026-03-01T12:00:03Z" },
        { "line_id": "stop", "direction": "out", "at": "2026-03-01T12:00:05Z" }
    ]);
    assert_eq!(track["crossings"], crossings);
    assert_eq!(track["best"]["box"], json!({ "left": 0.1, "top": 0.1, "width": 0.05, "height": 0.5 }));
    assert_eq!((&track["snapshot"]["score"], &track["has_snapshot"]), (&json!(0.5), &json!(true)));
    let detections = client.all(&format!("{tracks}/{id}/detections")).await;
    assert_eq!(detections.len(), 11);
    let sequences: Vec<_> = detections.iter().filter_map(|detection| detection["sequence"].as_i64()).collect();
    assert_eq!(sequences, (0..11).collect::<Vec<_>>());
    let expected = json!({
        "at": "2026-03-01T12:00:05Z", "sequence": 5, "class": "pedestrian", "score": 0.8, "confirmed": true,
        "box": { "left": 0.35, "top": 0.1, "width": 0.05, "height": 0.5 }, "zones": ["crossing"]
    });
    let rounded = |value: &Value| (value.as_f64().unwrap_or_default() * 1e6).round() / 1e6;
    let mut detection = detections[5].clone();
    detection["score"] = json!(rounded(&detection["score"]));
    assert_eq!(detection, expected);
    assert_eq!(detections[1]["confirmed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_finds_its_own_tracks_only_and_those_of_no_site_are_for_who_sees_all() {
    let (api, client, tracks) = start().await;
    let admin = api.admin().await;
    let other = admin.create_site("other").await;
    api.add_camera(&other, "cam-other");
    let own = api.add_track("cam-a", 1, 0, "");
    let foreign = api.add_track("cam-other", 1, 1, "");
    let loose = api.add_track("file.mp4", 1, 2, "");
    assert_eq!(found(&client, &tracks).await, [own.as_str()]);
    for id in [&foreign, &loose] {
        for path in [format!("{tracks}/{id}"), format!("{tracks}/{id}/detections"), format!("{tracks}/{id}/snapshot")] {
            assert_eq!(client.get(&path).await.problem(), (404, "not_found", ""), "{path}");
        }
        assert!(
            found(&client, &format!("{tracks}?camera_id={}", id.split('.').next().unwrap_or_default()))
                .await
                .is_empty()
        );
    }
    assert_eq!(client.get("/api/v1/tracks").await.problem(), (403, "forbidden", ""));
    assert_eq!(found(&admin, "/api/v1/tracks").await, [loose.as_str(), &foreign, &own]);
    assert_eq!(found(&admin, "/api/v1/tracks?camera_id=file.mp4&camera_id=cam-a").await, [loose.as_str(), &own]);
    let read = admin.get(&format!("/api/v1/tracks/{loose}")).await;
    assert_eq!((read.status, read.body.get("site_id")), (StatusCode::OK, None));
    assert_eq!(admin.all(&format!("/api/v1/tracks/{loose}/detections")).await.len(), 11);
    let read = admin.get(&format!("/api/v1/tracks/{foreign}")).await;
    assert_eq!(read.body["site_id"], json!(other));
    let key = api.program(&admin.create_key(None, &["tracks:read"]).await);
    assert_eq!(found(&key, "/api/v1/tracks").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_search_is_refused_with_the_parameter() {
    let (api, client, tracks) = start().await;
    for track in 0..3 {
        api.add_track("cam-a", track, track, "");
        api.add_alert("cam-a", &format!("alert-{track}"), track, "");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("limit=5&limit=6", "limit"),
        ("cursor=", "cursor"),
        ("cursor=%20", "cursor"),
        ("cursor=eA", "cursor"),
        ("camera_id=", "camera_id"),
        ("camera_id=a'b", "camera_id"),
        ("camera_id=%00", "camera_id"),
        ("from=yesterday", "from"),
        ("from=-009999-01-01T00:00:00Z", "from"),
        ("from=2026-03-01", "from"),
        ("to=2026-13-01T00:00:00Z", "to"),
        ("from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        ("from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        ("class=dog", "class"),
        ("class=pedestrian,", "class"),
        ("class=1", "class"),
        ("min_class_share=1.1", "min_class_share"),
        ("min_class_share=NaN", "min_class_share"),
        ("zone_id=%00", "zone_id"),
        ("direction=left", "direction"),
        ("min_duration_s=-1", "min_duration_s"),
        ("min_duration_s=inf", "min_duration_s"),
        ("max_duration_s=1e300", "max_duration_s"),
        ("min_duration_s=5&max_duration_s=4", "max_duration_s"),
        ("include_unconfirmed=1", "include_unconfirmed"),
        ("colour=red", "colour"),
    ] {
        let answer = client.get(&format!("{tracks}?{query}")).await;
        assert_eq!(answer.problem(), (400, "invalid_parameter", field), "{query}: {answer:?}");
    }
    for id in
        ["x", "cam-a.1", "cam-a.x.1", "cam-a.1.99999999999999999999", "cam-a.01.1", "%00", "a%2Fb", &"a".repeat(300)]
    {
        for path in [format!("{tracks}/{id}"), format!("{tracks}/{id}/detections")] {
            assert_eq!(client.get(&path).await.problem(), (404, "not_found", ""), "{path}");
        }
    }
    // A cursor that somebody changed, and cursors of other lists.
    let alerts = tracks.replace("/tracks", "/alerts");
    let cursor = |answer: super::api::Answer| answer.body["next_cursor"].as_str().expect("a cursor").to_owned();
    let good = cursor(client.get(&format!("{tracks}?limit=1")).await);
    assert_eq!(found(&client, &format!("{tracks}?cursor={good}")).await.len(), 2);
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        let answer = client.get(&format!("{tracks}?cursor={changed}")).await;
        assert_eq!(answer.problem(), (400, "invalid_parameter", "cursor"), "{changed}");
    }
    let id = found(&client, &tracks).await.remove(0);
    let of_alerts = cursor(client.get(&format!("{alerts}?limit=1")).await);
    let of_detections = cursor(client.get(&format!("{tracks}/{id}/detections?limit=1")).await);
    for path in [
        format!("{tracks}?cursor={of_alerts}"),
        format!("{tracks}?cursor={of_detections}"),
        format!("{alerts}?cursor={good}"),
        format!("{tracks}/{id}/detections?cursor={good}"),
        format!("{tracks}/cam-a.{}.0/detections?cursor={of_detections}", super::rows::SESSION),
    ] {
        assert_eq!(client.get(&path).await.problem(), (400, "invalid_parameter", "cursor"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tracks_of_a_search_are_one_parquet_table() {
    const READ: &str = "
import sys, duckdb
print(duckdb.sql(f\"\"\"select count(*), count(distinct id), epoch_us(min(first_seen)), sum(duration_s), sum(detections),
    count(*) filter (class = 'pedestrian' and confirmed), count(mean_speed_px_s), max(zones) from read_parquet('{sys.argv[1]}')\"\"\").fetchall())
";
    let (api, client, tracks) = start().await;
    for track in 0..260 {
        api.add_track("cam-a", track, track * 2, "");
    }
    api.execute("UPDATE tracks SET zone_ids = '{crossing,kerb}', mean_speed_px_s = 5 WHERE track_id = 7; UPDATE tracks SET class = 2 WHERE track_id = 8");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tracks.parquet");
    for (query, headers) in
        [("?format=parquet&limit=3", &[][..]), ("", &[("accept", "application/json, application/vnd.apache.parquet")])]
    {
        let answer = client.send_for_bytes(Method::GET, &format!("{tracks}{query}"), headers).await;
        assert_eq!(
            (answer.0, answer.1.get("content-type").expect("a type").as_bytes()),
            (StatusCode::OK, &b"application/vnd.apache.parquet"[..])
        );
        std::fs::write(&file, &answer.2).expect("a file");
        let found = tokio::task::block_in_place(|| python(READ, &[file.to_str().expect("a text")]));
        assert_eq!(found, "[(260, 260, 1772366400000000, 2600.0, 2860, 259, 1, 'crossing kerb')]");
    }
    assert_eq!(client.get(&format!("{tracks}?format=xml")).await.problem(), (400, "invalid_parameter", "format"));
    assert_eq!(api.query("SELECT count(*) FROM audit_log WHERE action = 'track.export'")[0][0], "2");
}
