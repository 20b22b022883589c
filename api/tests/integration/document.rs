//! The OpenAPI document is checked in. `VRU_BLESS=1 cargo test -p vru-api --test integration document` writes it.

use std::collections::BTreeSet;
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

/// Programs that make clients of the document refuse it otherwise.
#[test]
fn every_schema_that_the_document_names_is_in_it() {
    let document = serde_json::to_value(vru_api::openapi::document()).expect("JSON");
    let text = document.to_string();
    let names = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
    let missing: BTreeSet<_> = names.filter(|&name| document["components"]["schemas"].get(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
