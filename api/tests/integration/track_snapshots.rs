//! The pictures of a list of tracks, with a real S3 server.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{S3Server, eventually, s3};

use super::api::ApiClient;
use super::bucket::ApiWithBucket;
use super::pictures::fetch;

fn asked(site: &str, tracks: &[&str]) -> String {
    let ids: Vec<String> = tracks.iter().map(|track| format!("track_id={track}")).collect();
    format!("/api/v1/sites/{site}/track-snapshots?{}", ids.join("&"))
}

async fn items(client: &ApiClient, path: &str) -> Vec<Value> {
    let answer = client.get(path).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"), "{answer:?}");
    answer.body["items"].as_array().expect("items").clone()
}

/// Of the lists of pictures: site, and the tracks that it names.
fn audit(of: &ApiWithBucket) -> Vec<[String; 2]> {
    let sql = "SELECT site_id, details->>'tracks' FROM audit_log WHERE action = 'track.see_snapshots' ORDER BY id";
    let rows = of.api.query(sql).into_iter();
    rows.map(|row| row.try_into().expect("two columns")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_pictures_with_the_place_of_each_track_and_one_entry_in_the_audit_log() {
    let of = ApiWithBucket::with_pictures(s3(), |_| ()).await;
    let ApiWithBucket { api, admin, site, .. } = &of;
    let other_site = admin.create_site("other").await;
    api.add_camera(&other_site, "cam-b");
    let viewer = api.member("viewer", site, 1).await;
    let shown = "snapshot_key = 'snapshots/a.jpg', snapshot_score = 0.8";
    // The picture was taken in the fourth second of the first track, when the second one began: each has its own place in it.
    api.add_alert("cam-a", "a", 4, "track_ids = '{1,2}'");
    let (walker, rider) = (api.add_track("cam-a", 1, 0, shown), api.add_track("cam-a", 2, 4, shown));
    let without = api.add_track("cam-a", 3, 60, "");
    let lost = api.add_track("cam-a", 4, 90, "snapshot_key = 'snapshots/lost.jpg'");
    // Its alert is not known, as in the moment before it is stored.
    let unplaced = api.add_track("cam-a", 5, 120, "snapshot_key = 'snapshots/c.jpg'");
    let foreign = api.add_track("cam-b", 6, 0, "snapshot_key = 'snapshots/b.jpg'");
    for key in ["a", "b", "c"] {
        of.put(&format!("snapshots/{key}.jpg"), "image/jpeg", key.as_bytes()).await;
    }
    let tracks = [&rider, &lost, &walker, &without, &foreign, "nothing", &unplaced].map(|id: &str| id);
    let found = items(&viewer, &asked(site, &tracks)).await;
    let states: Vec<(&str, &str)> = found
        .iter()
        .map(|item| (item["track_id"].as_str().unwrap_or_default(), item["state"].as_str().unwrap_or_default()))
        .collect();
    let words = ["stored", "missing", "stored", "none", "not_found", "not_found", "stored"];
    assert_eq!(states, tracks.into_iter().zip(words).collect::<Vec<_>>());
    let place = |left: f64| json!({ "left": left, "top": 0.1, "width": 0.05, "height": 0.5 });
    let near = |item: &Value, wanted: &Value| {
        for side in ["left", "top", "width", "height"] {
            let (is, wanted) = (item["box"][side].as_f64().expect("a number"), wanted[side].as_f64().unwrap_or(9.0));
            assert!((is - wanted).abs() < 1e-6, "{side}: {item}");
        }
    };
    near(&found[0], &place(0.1));
    near(&found[2], &place(0.3));
    assert!(found[6].get("box").is_none(), "{}", found[6]);
    assert!(found.iter().all(|item| item.get("url").is_some() == (item["state"] == "stored")), "{found:?}");
    // Of one frame there is one picture, which a browser loads once.
    assert_eq!(found[0]["url"], found[2]["url"]);
    let (status, body) = fetch(found[0]["url"].as_str().expect("an address")).await;
    assert_eq!((status, body.as_ref()), (200, &b"a"[..]));
    let log = audit(&of);
    let [logged_site, logged] = &log[0];
    let mut logged: Vec<String> = serde_json::from_str(logged).expect("a list");
    logged.sort();
    assert_eq!((log.len(), logged_site.as_str()), (1, site.as_str()));
    assert_eq!(logged, [walker.as_str(), &rider, &unplaced]);
    // Where nothing is given, nobody saw anything.
    items(&viewer, &asked(site, &[&without, &lost, &foreign])).await;
    assert_eq!(audit(&of).len(), 1);

    // All sites: the entry is at the site of each.
    let path = asked(site, &[&walker, &foreign]).replace(&format!("/sites/{site}"), "");
    let found = items(admin, &path).await;
    assert!(found.iter().all(|item| item["state"] == "stored"), "{found:?}");
    let mut sites: Vec<String> = audit(&of).into_iter().skip(1).map(|[site, _]| site).collect();
    sites.sort();
    let mut wanted = [site.clone(), other_site];
    wanted.sort();
    assert_eq!(sites, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_search_and_not_see_pictures_gets_none_and_too_many_are_refused() {
    let of = ApiWithBucket::with_pictures(s3(), |_| ()).await;
    let ApiWithBucket { api, admin, site, .. } = &of;
    let track = api.add_track("cam-a", 1, 0, "snapshot_key = 'snapshots/a.jpg'");
    of.put("snapshots/a.jpg", "image/jpeg", b"a picture").await;
    let searcher = api.program(&admin.create_key(Some(site), &["tracks:read"]).await);
    assert_eq!(searcher.get(&asked(site, &[&track])).await.status, StatusCode::FORBIDDEN);
    let ids = vec![track.as_str(); 101];
    assert_eq!(items(admin, &asked(site, &ids[..100])).await.len(), 100);
    for tracks in [&ids[..], &[]] {
        assert_eq!(admin.get(&asked(site, tracks)).await.problem(), (400, "invalid_parameter", "track_id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relayed_pictures_of_a_list_are_good_for_who_asked_and_a_store_that_is_away_is_a_503() {
    let server = tokio::task::block_in_place(S3Server::start);
    let of = ApiWithBucket::with_pictures(&server, |api| {
        api.cameras.secrets_key = Secret::new("7".repeat(64));
        api.s3.relay = true;
    })
    .await;
    let ApiWithBucket { api, admin, site, .. } = &of;
    let track = api.add_track("cam-a", 1, 0, "snapshot_key = 'snapshots/a.jpg'");
    of.put("snapshots/a.jpg", "image/jpeg", b"a picture").await;
    let viewer = api.member("viewer", site, 1).await;
    let path = asked(site, &[&track]);
    let found = items(&viewer, &path).await;
    let address = found[0]["url"].as_str().expect("an address");
    assert!(address.starts_with(&format!("/api/v1/sites/{site}/object?")), "{address}");
    let (status, _, body) = viewer.send_for_bytes(hyper::Method::GET, address, &[]).await;
    assert_eq!((status, body.as_ref()), (StatusCode::OK, &b"a picture"[..]));
    assert_eq!(admin.get(address).await.problem(), (403, "address_refused", ""));
    server.server.pause();
    assert_eq!(viewer.get(&path).await.problem(), (503, "pictures_unavailable", ""));
    server.server.resume();
    eventually(Duration::from_mins(1), "pictures are shown again", async || {
        let answer = viewer.get(&path).await;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    // What was not given is in no log.
    assert_eq!(audit(&of).len(), 2);
}
