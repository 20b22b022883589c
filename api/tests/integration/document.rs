//! The OpenAPI document is checked in. `VRU_BLESS=1 cargo test -p vru-api --test integration document` writes it.

use std::path::Path;

use super::api::Api;

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_checked_in_and_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = vru_api::openapi::document().to_pretty_json().expect("a document") + "\n";
    if std::env::var_os("VRU_BLESS").is_some() {
        std::fs::write(&path, &made).expect("the document can be written");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == made, "api/openapi.json differs from the routes: run this test with VRU_BLESS=1");
    let api = Api::start().await;
    let served = api.client().get("/api/v1/openapi.json").await;
    assert_eq!(served.body, serde_json::from_str::<serde_json::Value>(&made).expect("JSON"));
    assert_eq!(served.body["openapi"], "3.1.0");
}

/// Every operation but these is for people who are logged in.
const OPEN: [(&str, &str); 2] = [("/api/v1/openapi.json", "get"), ("/api/v1/session", "post")];

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_refuses_who_is_not_logged_in() {
    let api = Api::start().await;
    let client = api.client();
    let document = serde_json::to_value(vru_api::openapi::document()).expect("JSON");
    let mut checked = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let open = OPEN.contains(&(path.as_str(), method.as_str()));
            assert_eq!(operation.get("security").is_none(), open, "{method} {path}");
            assert!(operation["responses"]["4XX"].is_object() || open, "{method} {path} documents no problems");
            if !open {
                let path = path.replace("{site_id}", "site_0");
                let method = method.to_uppercase().parse().expect("a method");
                let answer = client.send(method, &path, &[("if-match", "\"1\"")], "{}").await;
                assert_eq!(answer.problem(), (401, "not_logged_in", ""), "{path}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 6, "{checked}");
}
