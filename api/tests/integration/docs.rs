//! The page of the OpenAPI document.

use vru_runtime::test_util::http_get;

use super::api::Api;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_our_document_with_files_of_this_program_only() {
    let api = Api::start().await;
    let get = |path: &str| tokio::task::block_in_place(|| http_get(api.address, path).expect("an answer"));
    let page = get("/docs/");
    assert_eq!(page.status, 200);
    let is_file = |text: &&str| matches!(text.rsplit_once('.'), Some((_, "js" | "css")));
    let named: Vec<_> = page.body.split(['"', '\'']).filter(is_file).collect();
    assert!(named.len() >= 3, "{}", page.body);
    for file in named {
        assert!(!file.contains("//"), "{file} comes from elsewhere");
        let path = format!("/docs/{}", file.trim_start_matches("./"));
        assert_eq!(get(&path).status, 200, "{path}");
    }
    let start = get("/docs/swagger-initializer.js").body;
    assert!(start.contains("/api/v1/openapi.json"), "{start}");
    assert!(start.contains("\"validatorUrl\": \"none\""), "the page asks others about our document: {start}");
    assert_eq!(get("/docs").status, 303);
    assert_eq!(get("/docs/../Cargo.toml").status, 404);
}
