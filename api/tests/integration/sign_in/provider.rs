//! The npm package oidc-provider under Node.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use vru_api::ProviderConfig;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{free_port, require_asset};

use super::DEADLINE;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/oidc_provider.mjs");
const CLIENT: &str = "vru";
const CLIENT_SECRET: &str = "a client secret with + and %";

/// Ends when it is dropped.
pub(super) struct Provider {
    pub(super) port: u16,
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Provider {
    /// It leads browsers back to that API.
    pub(super) fn start(api: u16) -> Self {
        let packages = require_asset("oidc-provider/node_modules");
        let port = free_port();
        let redirect = format!("http://127.0.0.1:{api}/api/v1/sign-in/company/callback");
        let mut process = Command::new("node")
            .args([Path::new(SCRIPT), packages.parent().expect("a folder")])
            .args([&port.to_string(), CLIENT, CLIENT_SECRET, &redirect])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let input = process.stdin.take().expect("an input");
        let output = BufReader::new(process.stdout.take().expect("an output"));
        let (sender, lines) = sync_channel(1000);
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let provider = Self { port, process, input, lines };
        provider.wait_for("listening");
        provider
    }

    pub(super) fn wait_for(&self, wanted: &str) {
        loop {
            let line = self.lines.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("the provider says no {wanted}"));
            if line == wanted {
                return;
            }
        }
    }

    /// How the following ID tokens are falsified; empty for not at all.
    pub(super) fn falsify(&mut self, how: &str) {
        writeln!(self.input, "{how}").expect("the provider reads");
        self.wait_for(&format!("falsified: {how}"));
    }

    pub(super) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn config(&self) -> ProviderConfig {
        ProviderConfig {
            id: "company".to_owned(),
            name: "The Company".to_owned(),
            issuer: self.issuer(),
            client_id: CLIENT.to_owned(),
            client_secret: Secret::new(CLIENT_SECRET),
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            create_users: false,
        }
    }
}
