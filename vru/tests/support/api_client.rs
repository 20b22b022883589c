//! Asks the REST API with curl, which keeps the cookie of a session.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use vru_runtime::test_util::folder;

/// One person. A clone is the same person.
#[derive(Debug, Clone)]
pub struct ApiClient {
    address: String,
    home: PathBuf,
}

impl ApiClient {
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), home: folder("api-client") }
    }

    /// The same person, asking another replica.
    pub fn at(&self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self.clone() }
    }

    /// Returns the status and the answer.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.call_with(&[], method, path, body)
    }

    /// Replaces what has this version.
    pub fn replace(&self, path: &str, version: u64, body: &Value) -> (u16, Value) {
        self.call_with(&[&format!("if-match: \"{version}\"")], "PUT", path, Some(body))
    }

    fn call_with(&self, headers: &[&str], method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut command = self.curl(path);
        command.args(headers.iter().flat_map(|header| ["--header", header]));
        command.args(["--write-out", "\n%{http_code}", "--request", method]);
        if let Some(body) = body {
            command.args(["--json", &body.to_string()]);
        }
        let output = command.output().expect("curl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("a text");
        let (body, status) = text.rsplit_once('\n').expect("a status");
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).expect("JSON") };
        (status.parse().expect("a status"), body)
    }

    /// An answer that is no JSON.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let output = self.curl(path).arg("--fail-with-body").output().expect("curl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        output.stdout
    }

    /// Begins an upload, and returns its path.
    pub fn begin_upload(&self, path: &str, length: usize, metadata: &str) -> String {
        let mut command = self.curl(path);
        command.args(["--fail-with-body", "--request", "POST", "--write-out", "%header{location}"]);
        command.args(["--header", "tus-resumable: 1.0.0", "--header", &format!("upload-length: {length}")]);
        let output = command.args(["--header", &format!("upload-metadata: {metadata}")]).output().expect("curl runs");
        let text = String::from_utf8(output.stdout).expect("a text");
        assert!(output.status.success(), "{text}");
        text
    }

    /// Sends bytes of an upload, and returns where it goes on.
    pub fn send_part(&self, path: &str, offset: usize, bytes: &[u8]) -> usize {
        let part = self.home.join("part");
        std::fs::write(&part, bytes).expect("the folder is ours");
        let mut command = self.curl(path);
        command.args(["--fail-with-body", "--request", "PATCH", "--write-out", "%header{upload-offset}"]);
        command.args(["--header", "tus-resumable: 1.0.0", "--header", &format!("upload-offset: {offset}")]);
        command.args(["--header", "content-type: application/offset+octet-stream"]);
        let output = command.args(["--data-binary", &format!("@{}", part.display())]).output().expect("curl runs");
        let text = String::from_utf8(output.stdout).expect("a text");
        assert!(output.status.success(), "{text}");
        text.parse().expect("an offset")
    }

    pub fn log_in(&self, name: &str, password: &str) {
        let (status, answer) =
            self.call("POST", "/api/v1/session", Some(&json!({ "name": name, "password": password })));
        assert_eq!(status, 200, "{answer}");
    }

    fn curl(&self, path: &str) -> Command {
        let cookies = self.home.join("cookies");
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "60"]);
        command.args([Path::new("--cookie"), &cookies, Path::new("--cookie-jar"), &cookies]);
        command.arg(format!("http://{}{path}", self.address));
        command
    }
}
