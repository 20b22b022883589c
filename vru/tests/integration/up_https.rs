//! `vru up` for people on other machines: HTTPS with a certificate that it makes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use vru_runtime::test_util::{Process, folder, http_get, run_to_end, wait_for};

use crate::subscriber;
use crate::support::up::{self, UpAddresses};

const DEADLINE: Duration = Duration::from_mins(5);

fn wait_until_it_runs(up: &Process) {
    wait_for(DEADLINE, "everything runs", || {
        assert!(up.ended().is_none(), "vru up ended:\n{}", up.log());
        if up.log().contains("everything runs; ") { Ok(()) } else { Err(up.log_tail()) }
    });
}

/// Asks as a client that trusts this certificate only; returns the status and the answer.
struct Client {
    address: String,
    certificate: PathBuf,
    cookies: PathBuf,
}

impl Client {
    fn ask(&self, path: &str, more: &[&str]) -> (u16, Value) {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code}", "--cacert"])
            .arg(&self.certificate)
            .args([Path::new("--cookie"), &self.cookies, Path::new("--cookie-jar"), &self.cookies])
            .args(more)
            .arg(format!("{}{path}", self.address))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }

    fn post(&self, path: &str, origin: &str, body: &Value) -> (u16, Value) {
        self.ask(path, &["--header", &format!("origin: {origin}"), "--json", &body.to_string()])
    }
}

#[test]
fn off_loopback_only_https_is_served_with_a_certificate_whose_fingerprint_is_told() {
    let home = folder("up-https");
    let addresses = UpAddresses::free().with_tokens().for_others();
    let config = up::write_config(&home, &addresses, "");
    let up = up::start(&home, &config);
    wait_until_it_runs(&up);
    let data = home.join("data");
    let (certificate, key) = (data.join("https.pem"), data.join("https.key"));
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let told = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(&certificate)
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let fingerprint = told.trim().rsplit_once('=').unwrap().1;
    assert!(up.log().contains(fingerprint), "{fingerprint} is not in:\n{}", up.log());

    let plain = http_get(addresses.api, "/api/v1/openapi.json");
    assert!(plain.as_ref().map_or(true, |answer| answer.status != 200), "{plain:?}");
    let port = addresses.api.port();
    let address = format!("https://127.0.0.1:{port}");
    let client = Client { address: address.clone(), certificate, cookies: home.join("cookies") };
    assert_eq!(client.ask("/api/v1/openapi.json", &[]).0, 200);
    let token = std::fs::read_to_string(data.join("first-admin-token")).unwrap();
    let ada = json!({ "token": token, "name": "Ada", "password": "a long enough password" });
    let foreign = client.post("/api/v1/first-admin", "https://evil.example", &ada);
    assert_eq!((foreign.0, &foreign.1["code"]), (403, &json!("foreign_origin")));
    assert_eq!(client.post("/api/v1/first-admin", &address, &ada).0, 201);
    let (status, answer) = client.post("/api/v1/session", &format!("https://localhost:{port}"), &ada_logs_in());
    assert_eq!(status, 200, "{answer}");

    // The gRPC server of alerts verifies tokens with keys that it fetches by HTTPS.
    let expires_at = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_hours(1)).to_string();
    let program = json!({ "name": "a program", "scopes": ["alerts:read"], "expires_at": expires_at });
    let (status, program) = client.post("/api/v1/clients", &address, &program);
    assert_eq!(status, 201, "{program}");
    let user = format!("{}:{}", program["id"].as_str().unwrap(), program["client_secret"].as_str().unwrap());
    let (_, token) = client.ask("/api/v1/oauth/token", &["--user", &user, "--data", "grant_type=client_credentials"]);
    let token = token["access_token"].as_str().expect("a token").to_owned();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let request = vru_proto::v1::SubscribeRequest::default();
        subscriber::open_with(addresses.alerts.port(), request, &token).await.expect("the token is accepted");
    });
}

fn ada_logs_in() -> Value {
    json!({ "name": "Ada", "password": "a long enough password" })
}

#[test]
fn the_api_alone_does_not_start_off_loopback_without_tls_unless_a_proxy_has_it() {
    let check = |settings: &[(&str, &str)]| {
        let own = [("http.listen", "0.0.0.0:8000"), ("database.url", "postgres://vru@127.0.0.1/vru")];
        let output = run_to_end("vru-api", &["--check-config"], &[&own[..], settings].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = check(&[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("http.tls.certificate") && text.contains("http.tls_at_proxy"), "{text}");
    let (code, text) = check(&[("http.tls_at_proxy", "true")]);
    assert_eq!(code, Some(0), "{text}");
}
