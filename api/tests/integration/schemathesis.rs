//! schemathesis asks every operation of the OpenAPI document, with good and bad requests that it makes from the document: no answer may
//! be a server error, or differ from what the document says.

use std::process::{Command, Output};

use rand::Rng as _;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{folder, require_asset, seeded_rng};

use super::api::Api;

/// Log-out and new passwords end the session with which schemathesis asks.
const ENDS_THE_SESSION: [&str; 2] = ["/api/v1/session", "/api/v1/session/password"];
/// A stream of events has no end.
const HAS_NO_END: &str = "/api/v1/sites/{site_id}/events";
/// A request that is wrong in two ways is refused for either. 412 and 428 are about the ETag.
const ANY_REFUSAL: &str = "[checks.negative_data_rejection]\nexpected-statuses = [\"4xx\"]\n\
                           [checks.missing_required_header]\nexpected-statuses = [\"4xx\"]\n";
/// Semantic checks (a camera must have a source, a zone its corners) refuse bodies that the document allows, so that what is accepted is
/// not compared.
const NOT_CHECKED: &str = "positive_data_acceptance";

/// Parts of uploads are bytes.
const PARTS_OF_FILES: &str = "import schemathesis\n\n\
                              schemathesis.serializer.alias('application/offset+octet-stream', 'application/octet-stream')\n";

/// `auth` is a section of schemathesis' configuration.
fn run(api: &Api, auth: &str, without: &[&str]) -> Output {
    let mut command = Command::new(require_asset("venv/bin/schemathesis"));
    let seed = seeded_rng("schemathesis").random::<u32>().to_string();
    let home = folder("schemathesis");
    let settings = format!("hooks = \"hooks.py\"\n{auth}\n{ANY_REFUSAL}");
    std::fs::write(home.join("schemathesis.toml"), settings).expect("a configuration");
    std::fs::write(home.join("hooks.py"), PARTS_OF_FILES).expect("a file");
    command.current_dir(home).env("NO_COLOR", "1");
    command.args(["run", &format!("http://{}/api/v1/openapi.json", api.address)]);
    command.args(["--checks", "all", "--exclude-checks", NOT_CHECKED, "--phases", "examples,coverage,fuzzing"]);
    // Two at once meet a fault of Python 3.11 (AST constructor recursion depth mismatch), which ends the run with an error.
    let examples = std::env::var("VRU_SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| "15".to_owned());
    command.args(["--max-examples", &examples, "--seed", &seed, "--request-timeout", "30", "--workers", "1"]);
    for path in without.iter().chain([&HAS_NO_END]) {
        command.args(["--exclude-path", path]);
    }
    command.output().expect("schemathesis runs")
}

fn assert_passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_the_document_says_whatever_is_asked() {
    let api = Api::start_with(|config| {
        config.cameras.secrets_key = Secret::new("5".repeat(64));
        config.first_admin.token = Secret::new("0123456789abcdef0123456789abcdef");
    })
    .await;
    let admin = api.admin().await;
    // Made first: requests may end the session, by deleting its person.
    let key = format!("[auth.openapi.key]\nbearer = \"{}\"\n", admin.create_key(None, &super::matrix::SCOPES).await);
    let cookie = admin.cookie.clone().expect("a session");
    let (_, token) = cookie.split_once('=').expect("a value");
    let session = format!("[auth.openapi.session]\napi_key = \"{token}\"\n");
    tokio::task::block_in_place(|| assert_passed(&run(&api, &session, &ENDS_THE_SESSION)));
    tokio::task::block_in_place(|| assert_passed(&run(&api, &key, &[])));
}
