//! The OpenAPI document is checked in. `VRU_BLESS=1 cargo test -p vru-api --test integration document` writes it.

use std::collections::{BTreeMap, BTreeSet};
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

#[test]
fn no_two_operations_have_one_id() {
    let document = serde_json::to_value(vru_api::openapi::document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            if let Some(id) = operation["operationId"].as_str() {
                assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{id}");
                ids.entry(id.to_owned()).or_default().push(format!("{method} {path}"));
            }
        }
    }
    assert!(ids.len() > 90, "only {} ids", ids.len());
    ids.retain(|_, operations| operations.len() > 1);
    assert!(ids.is_empty(), "{ids:#?}");
}

/// Two types with one name are one schema in the document, which is wrong for one of them.
#[test]
fn no_two_types_have_the_name_of_one_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut folders = vec![root.join("api/src"), root.join("runtime/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a text");
                for name in schema_names(&text) {
                    found.entry(name).or_default().push(path.display().to_string());
                }
            }
        }
    }
    assert!(found.len() > 50, "the types are not found: {found:?}");
    found.retain(|_, places| places.len() > 1);
    assert!(found.is_empty(), "give one of them another name, or `#[schema(as = …)]`: {found:#?}");
}

/// The names under which the types of a source file are in the document.
fn schema_names(source: &str) -> Vec<String> {
    let after_derive = source.split("ToSchema").skip(1);
    let name = |rest: &str| {
        // Not an import, or a use in a signature: the derive's list ends right after it.
        let rest = rest.strip_prefix(')').or_else(|| rest.strip_prefix(","))?;
        let declaration = rest.find("struct ").into_iter().chain(rest.find("enum ")).min()?;
        let head = &rest[..declaration];
        if head.contains('{') || head.contains(';') {
            return None;
        }
        let other = head.split("schema(as = ").nth(1).and_then(|rest| rest.split([')', ',']).next());
        let own = rest[declaration..].split_whitespace().nth(1)?.split(['<', '(', '{', ';']).next()?;
        Some(other.unwrap_or(own).to_owned())
    };
    after_derive.filter_map(name).collect()
}
