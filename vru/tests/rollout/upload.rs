//! Somebody who uploads a video over a thin line with the client of the web app, tus-js-client: it goes on whenever a request fails.

use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::runtime::Runtime;
use vru_runtime::test_util::{Launch, Process, folder, require_asset, wait_for};

use crate::api_load::ApiClient;
use crate::pipeline::DEADLINE;
use crate::slow_line::SlowLine;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/tests/integration/tus_client.mjs");
/// As the web app has them (`web/src/features/uploads/api/sending.ts`).
const RETRIES_MS: [u32; 5] = [500, 1_000, 2_000, 5_000, 10_000];

pub struct Upload {
    pub file: PathBuf,
    line: SlowLine,
    client: Process,
}

impl Upload {
    /// Returns when the file is on its way. Its last half does not arrive before [`Self::finish`].
    pub fn start(runtime: &Runtime, client: &ApiClient, site: &str, file: &Path) -> Self {
        let length = usize::try_from(std::fs::metadata(file).unwrap().len()).unwrap();
        let line = SlowLine::start(runtime, client.address, length / 2);
        let options = json!({ "retryDelays": RETRIES_MS, "headers": { "cookie": client.cookie() } });
        let packages = require_asset("tus-client/node_modules");
        let packages = packages.parent().expect("a folder").to_owned();
        let endpoint = format!("http://{}{site}/uploads", line.address);
        let client = Launch::new("node", folder("upload").join("log"))
            .args([Path::new(SCRIPT), &packages, Path::new(&endpoint), Path::new(""), file])
            .args([options.to_string()])
            .spawn();
        wait_for(DEADLINE, "the upload to begin", || {
            let log = client.log();
            if log.lines().any(|line| line == "PATCH") { Ok(()) } else { Err(log) }
        });
        Self { file: file.to_owned(), line, client }
    }

    /// The line becomes fast. Returns the path of the upload when the client has ended.
    pub fn finish(&self) -> String {
        self.line.speed_up();
        let status = self.client.wait(DEADLINE);
        let log = self.client.log();
        assert!(status.success(), "the client gave up: {log}");
        let origin = format!("http://{}", self.line.address);
        let path = log.lines().last().and_then(|address| address.strip_prefix(&origin));
        path.unwrap_or_else(|| panic!("the client told no address of the upload: {log}")).to_owned()
    }

    /// The requests of the client.
    pub fn requests(&self) -> String {
        self.client.log().lines().filter(|line| !line.starts_with("http")).collect::<Vec<_>>().join(" ")
    }
}
