//! The first person is added with the token of the configuration, and only the first.

use serde_json::{Value, json};
use vru_runtime::secret::Secret;

use super::api::{Answer, Api, PASSWORD};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn wanted(token: &str, name: &str) -> Value {
    json!({ "token": token, "name": name, "password": PASSWORD })
}

async fn add(api: &Api, token: &str, name: &str) -> Answer {
    api.client().post("/api/v1/first-admin", &wanted(token, name)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_person_is_added_once_also_when_several_ask_at_the_same_time() {
    let api = Api::start_with(|config| config.first_admin.token = Secret::new(TOKEN)).await;
    assert_eq!(add(&api, TOKEN, "Grace").await.problem(), (409, "first_admin_exists", ""));
    api.execute("DELETE FROM users; DELETE FROM audit_log");
    for wrong in ["", "0123456789abcdef0123456789abcdeF", &TOKEN[1..]] {
        assert_eq!(add(&api, wrong, "Grace").await.problem(), (403, "wrong_token", ""));
    }
    let bad = |field: &str, value: &str| {
        let mut body = wanted(TOKEN, "Grace");
        body[field] = json!(value);
        body
    };
    for (field, value) in [("name", " Grace"), ("display_name", ""), ("password", "too short")] {
        let answer = api.client().post("/api/v1/first-admin", &bad(field, value)).await;
        assert_eq!(answer.problem(), (422, "invalid_field", field));
    }
    assert_eq!(api.query("SELECT count(*) FROM users")[0][0], "0");

    let names = ["Grace", "Mary", "Joan", "Hedy"];
    let answers = futures::future::join_all(names.map(|name| add(&api, TOKEN, name))).await;
    let added: Vec<_> = answers.iter().zip(names).filter(|(answer, _)| answer.status == 201).collect();
    let [(answer, name)] = added[..] else { panic!("{answers:?}") };
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status.as_u16())), "{answers:?}");
    let log = api.query("SELECT action, object, details ->> 'name' FROM audit_log");
    assert_eq!(log, [["user.create", answer.body["user_id"].as_str().expect("an id"), name]]);
    let mut client = api.client();
    assert_eq!(client.log_in(name, PASSWORD).await.status, 200);
    assert_eq!(client.get("/api/v1/session").await.body["user"]["system_admin"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_in_the_configuration_nobody_is_added() {
    let api = Api::start().await;
    api.execute("DELETE FROM users");
    for token in ["", TOKEN] {
        assert_eq!(add(&api, token, "Grace").await.problem(), (403, "first_admin_by_command", ""));
    }
    assert_eq!(api.query("SELECT count(*) FROM users")[0][0], "0");
}
