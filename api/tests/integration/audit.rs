use hyper::StatusCode;
use serde_json::json;

use super::api::Api;

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_read_the_newest_first_by_site_or_whole() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (own, other) = (admin.create_site("own").await, admin.create_site("other").await);
    for version in 1..=6 {
        let body = json!({ "name": format!("version {version}"), "time_zone": "UTC" });
        let answer = admin.put(&format!("/api/v1/sites/{own}"), &format!("\"{version}\""), &body).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let manager = api.member("manager", &own, 3).await;
    let entries = manager.all(&format!("/api/v1/sites/{own}/audit")).await;
    let names: Vec<_> = entries.iter().map(|entry| entry["details"]["name"].as_str().expect("a name")).collect();
    let changes = ["version 6", "version 5", "version 4", "version 3", "version 2", "version 1", "own"];
    assert_eq!(names, changes);
    assert!(entries.iter().all(|entry| entry["site_id"] == *own && entry["user_id"].is_string()), "{entries:?}");
    let whole = admin.all("/api/v1/audit").await;
    assert!(whole.iter().any(|entry| entry["site_id"] == *other));
    // Two people were added on the command line.
    let by_nobody = whole.iter().filter(|entry| entry.get("user_id").is_none() && entry.get("site_id").is_none());
    assert_eq!(by_nobody.count(), 2);
    let answer = admin.get("/api/v1/audit?cursor=eA").await;
    assert_eq!(answer.problem(), (400, "invalid_parameter", "cursor"));
}
