//! Pictures that the API passes on, with a real S3 server that readers do not reach.

use std::time::Duration;

use hyper::{HeaderMap, Method, StatusCode};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{S3Server, eventually, s3};

use super::api::{Answer, Api, ApiClient};
use super::bucket::ApiWithBucket;

const KEY: &str = "7";

/// With the alert `a`.
async fn start(s3: &S3Server, url_lifetime: Duration) -> ApiWithBucket {
    let relaying = ApiWithBucket::with_pictures(s3, |api| {
        api.cameras.secrets_key = Secret::new(KEY.repeat(64));
        api.s3.relay = true;
        api.s3.url_lifetime = url_lifetime;
    })
    .await;
    relaying.api.add_alert("cam-a", "a", 0, "");
    relaying
}

impl ApiWithBucket {
    async fn address(&self, client: &ApiClient, path: &str) -> String {
        let answer = client.get(&format!("/api/v1/sites/{}/alerts/a/{path}", self.site)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body["url"].as_str().expect("an address").to_owned()
    }
}

async fn fetch(client: &ApiClient, url: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let (status, headers, body) = client.send_for_bytes(Method::GET, url, headers).await;
    (status.as_u16(), headers, body.to_vec())
}

async fn refusal(client: &ApiClient, url: &str) -> (u16, String) {
    let answer: Answer = client.get(url).await;
    let (status, code, _) = answer.problem();
    (status, code.to_owned())
}

/// Larger than the pieces in which it is read.
fn film() -> Vec<u8> {
    (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_come_through_the_api_whole_and_in_ranges_and_the_audit_log_tells_who_asked() {
    let relaying = start(s3(), Duration::from_mins(5)).await;
    let (film, viewer) = (film(), relaying.api.member("viewer", &relaying.site, 1).await);
    relaying.put("snapshots/a.jpg", "image/jpeg", b"a picture\xff\x00").await;
    relaying.put("clips/a.mp4", "video/mp4", &film).await;
    let picture = relaying.address(&viewer, "snapshot").await;
    assert!(picture.starts_with(&format!("/api/v1/sites/{}/object?", relaying.site)), "{picture}");
    let (status, headers, body) = fetch(&viewer, &picture, &[("accept-encoding", "gzip")]).await;
    assert_eq!((status, body.as_slice()), (200, &b"a picture\xff\x00"[..]));
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("content-length", "11"),
        ("cache-control", "private, no-store"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let clip = relaying.address(&viewer, "clip").await;
    // A page asks with these, and compression would change lengths.
    let compressed = ("accept-encoding", "gzip, br");
    let (status, headers, body) = fetch(&viewer, &clip, &[compressed]).await;
    assert!(status == 200 && body == film, "{status}: {} bytes of {}", body.len(), film.len());
    assert_eq!(
        (&headers["content-type"], &headers["accept-ranges"]),
        (&"video/mp4".parse().unwrap(), &"bytes".parse().unwrap())
    );
    let size = film.len();
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=1000000-1999999", 1_000_000, 1_999_999),
        ("bytes=11999990-", size - 10, size - 1),
        ("bytes=-4", size - 4, size - 1),
    ] {
        let (status, headers, body) = fetch(&viewer, &clip, &[compressed, ("range", range)]).await;
        assert_eq!((status, body.len()), (206, last + 1 - first), "{range}");
        assert_eq!(headers["content-range"], format!("bytes {first}-{last}/{size}"));
        assert!(body == film[first..=last], "{range}");
    }
    let past = viewer.send(Method::GET, &clip, &[("range", "bytes=12000000-")], "").await;
    assert_eq!(past.problem(), (416, "no_such_range", "range"));
    let log = relaying.api.query("SELECT action, object, details->>'camera_id', user_id <> '', site_id <> '' FROM audit_log WHERE action LIKE '%.see_%' ORDER BY action");
    let row = |action: &str| [action, "a", "cam-a", "t", "t"].map(str::to_owned).to_vec();
    assert_eq!(log, [row("alert.see_clip"), row("alert.see_snapshot")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_refused_when_it_is_forged_or_of_somebody_else_or_of_another_site() {
    let relaying = start(s3(), Duration::from_mins(5)).await;
    let ApiWithBucket { api, admin, site, .. } = &relaying;
    relaying.put("snapshots/a.jpg", "image/jpeg", b"a picture").await;
    relaying.put("snapshots/b.jpg", "image/jpeg", b"another picture").await;
    let other = admin.create_site("other").await;
    let viewer = api.member("viewer", site, 1).await;
    let colleague = api.member("colleague", site, 3).await;
    let stranger = api.member("stranger", &other, 3).await;
    let key = api.program(&admin.create_key(Some(site), &["pictures:read"]).await);
    let other_key = api.program(&admin.create_key(Some(&other), &["pictures:read"]).await);
    let address = relaying.address(&viewer, "snapshot").await;
    assert_eq!(fetch(&viewer, &address, &[]).await.0, 200);
    let of_key = relaying.address(&key, "snapshot").await;
    assert_eq!(fetch(&key, &of_key, &[]).await.0, 200);

    // Nobody but who asked.
    assert_eq!(refusal(&api.client(), &address).await, (401, "not_logged_in".to_owned()));
    assert_eq!(refusal(&colleague, &address).await, (403, "address_refused".to_owned()));
    assert_eq!(refusal(admin, &address).await, (403, "address_refused".to_owned()));
    assert_eq!(refusal(&stranger, &address).await, (404, "not_found".to_owned()));
    assert_eq!(refusal(&other_key, &of_key).await, (404, "not_found".to_owned()));
    // At no other place, also not by who may see that place.
    let of_admin = relaying.address(admin, "snapshot").await;
    for place in [of_admin.replace(site.as_str(), &other), of_admin.replace(&format!("/sites/{site}"), "")] {
        assert_eq!(refusal(admin, &place).await, (403, "address_refused".to_owned()), "{place}");
    }
    assert_eq!(fetch(admin, &of_admin, &[]).await.0, 200);
    // Nothing of it can be changed.
    let (start, signature) = address.split_once("&signature=").expect("a signature");
    let expires = start.split("&expires=").nth(1).expect("an end").parse::<u64>().expect("a number");
    let turned = if signature.starts_with('0') { "1" } else { "0" };
    for forged in [
        address.replace("a.jpg", "b.jpg"),
        address.replace(&expires.to_string(), &(expires + 1).to_string()),
        format!("{start}&signature={turned}{}", &signature[1..]),
        format!("{start}&signature="),
    ] {
        assert_ne!(forged, address);
        assert_eq!(refusal(&viewer, &forged).await, (403, "address_refused".to_owned()), "{forged}");
    }
    for (query, field) in [
        ("", "key"),
        ("?key=a", "expires"),
        ("?key=a&expires=x&signature=b", "expires"),
        ("?key=a&expires=1&signature=b&more=c", "more"),
    ] {
        let answer = viewer.get(&format!("/api/v1/sites/{site}/object{query}")).await;
        let (status, _, named) = answer.problem();
        assert_eq!(status, 400, "{query}: {answer:?}");
        assert!(
            named == field || answer.body["detail"].as_str().unwrap_or_default().contains(field),
            "{query}: {answer:?}"
        );
    }
    // Who is no member any more has lost the address as well.
    api.execute(&format!("DELETE FROM memberships WHERE site_id = '{site}' AND role = 1"));
    assert_eq!(refusal(&viewer, &address).await, (404, "not_found".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_ends_is_good_at_every_replica_and_outlives_a_new_key() {
    let relaying = start(s3(), Duration::from_secs(3)).await;
    let ApiWithBucket { api, admin, .. } = &relaying;
    relaying.put("snapshots/a.jpg", "image/jpeg", b"a picture").await;
    let rotated = api
        .replica_with(|config| {
            config.cameras.secrets_key = Secret::new("8".repeat(64));
            config.cameras.old_secrets_keys = vec![Secret::new(KEY.repeat(64))];
        })
        .await;
    let foreign = api.replica_with(|config| config.cameras.secrets_key = Secret::new("9".repeat(64))).await;
    // A machine that is busy for as long as the address is good must ask again.
    let address = eventually(Duration::from_mins(1), "a replica passes the picture on", async || {
        let address = relaying.address(admin, "snapshot").await;
        match fetch(&admin.at(&rotated), &address, &[]).await {
            (200, _, body) if body == b"a picture" => Ok(address),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert_eq!(refusal(&admin.at(&foreign), &address).await, (403, "address_refused".to_owned()));
    eventually(Duration::from_mins(1), "the address ends", async || match fetch(admin, &address, &[]).await.0 {
        403 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    assert_eq!(refusal(admin, &address).await, (403, "address_expired".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_breaks_off_is_seen_as_such_and_what_is_no_picture_is_only_saved() {
    let server = tokio::task::block_in_place(S3Server::start);
    let relaying = start(&server, Duration::from_mins(5)).await;
    let ApiWithBucket { admin, .. } = &relaying;
    relaying.put("snapshots/a.jpg", "text/html", b"<script>alert(1)</script>").await;
    relaying.put("clips/a.mp4", "image/svg+xml", b"<svg/>").await;
    for (of, name) in [("snapshot", "a.jpg"), ("clip", "a.mp4")] {
        let (status, headers, _) = fetch(admin, &relaying.address(admin, of).await, &[]).await;
        assert_eq!((status, &headers["content-type"]), (200, &"application/octet-stream".parse().unwrap()));
        assert_eq!(headers["content-disposition"], format!("attachment; filename=\"{name}\""));
        assert!(headers["content-security-policy"].to_str().unwrap().ends_with("sandbox"));
    }
    let address = relaying.address(admin, "snapshot").await;
    server.server.pause();
    assert_eq!(refusal(admin, &address).await, (503, "pictures_unavailable".to_owned()));
    server.server.resume();
    eventually(Duration::from_mins(1), "pictures are passed on again", async || {
        match fetch(admin, &address, &[]).await {
            (200, ..) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    relaying.bucket.remove("snapshots/a.jpg").await.expect("it is removed");
    assert_eq!(refusal(admin, &address).await, (404, "picture_missing".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_nothing_is_passed_on() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let answer = admin.get("/api/v1/object?key=a&expires=9999999999&signature=aa").await;
    assert_eq!(answer.problem(), (404, "relay_not_configured", ""));
}
