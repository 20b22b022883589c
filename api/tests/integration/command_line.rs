//! `vru-api create-admin`, the program itself.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use hyper::StatusCode;
use vru_runtime::test_util::binary;

use super::api::{Api, PASSWORD};

fn create_admin(database: &str, name: &str, password: &str) -> Output {
    let mut command = Command::new(binary("vru-api"));
    command.args(["create-admin", name]).env("VRU__DATABASE__URL", database);
    // The port of an API that runs on the same machine.
    command.env("VRU__ADMIN", "127.0.0.1:1");
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("an input");
    input.write_all(password.as_bytes()).expect("the password is read");
    drop(input);
    child.wait_with_output().expect("the program ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_added_on_the_command_line_and_no_default_exists() {
    let api = Api::start().await;
    api.execute("DELETE FROM users; DELETE FROM audit_log");
    let made = create_admin(&api.database, "Grace", &format!("{PASSWORD}\n"));
    assert!(made.status.success(), "{made:?}");
    let mut client = api.client();
    assert_eq!(client.log_in("grace", PASSWORD).await.status, StatusCode::OK);
    assert_eq!(client.get("/api/v1/session").await.body["user"]["system_admin"], true);
    for (name, password, reason) in [
        ("grace", PASSWORD, "there is a user `grace` already"),
        ("Mary", "too short", "fewer than 12 characters"),
        ("Mary", "", "no password on the standard input"),
        (" Mary", PASSWORD, "no spaces at its ends"),
    ] {
        let refused = create_admin(&api.database, name, password);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(reason), "{reason}: {said}");
        assert!(password.is_empty() || !said.contains(password), "the password is printed");
    }
    let log = api.query("SELECT action, user_id, details ->> 'name' FROM audit_log");
    assert_eq!(log, [["user.create", "", "Grace"]]);
    assert_eq!(api.query("SELECT count(*) FROM users")[0][0], "1");
}
