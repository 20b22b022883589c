//! The ten calls of `docs/api.md`, run with curl as they stand there.

use std::process::Command;

use serde_json::Value;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{folder, kafka};

use super::api::{Api, PASSWORD};

const DOCUMENT: &str = include_str!("../../../docs/api.md");
/// Before this call, the camera has seen something.
const FIRST_SEARCH: usize = 6;

/// The commands of the section, one for each call.
fn calls() -> Vec<String> {
    let (_, section) = DOCUMENT.split_once("\n## Ten calls\n").expect("the section");
    let mut calls: Vec<String> = Vec::new();
    let mut inside = false;
    for line in section.lines().take_while(|line| !line.starts_with("## ")) {
        match line.trim() {
            "```sh" => {
                calls.push(String::new());
                inside = true;
            }
            "```" => inside = false,
            _ if inside => calls.last_mut().expect("a call").extend([line, "\n"]),
            _ => {}
        }
    }
    calls
}

/// What inference and the sink would have written about the camera two hours ago.
fn seed(api: &Api, camera: &str) {
    let at = "date_trunc('hour', now()) - interval '2 hours'";
    let track = format!(
        "first_seen = {at}, last_seen = {at} + interval '10 s', class = 2, zone_ids = '{{crossing}}', zone_first_inside = ARRAY[{at}], \
         zone_last_inside = ARRAY[{at}], zone_detections = '{{1}}'"
    );
    api.add_track(camera, 1, 0, &track);
    api.add_alert(camera, "alert-1", 0, &format!("captured_at = {at}"));
    api.execute(&format!(
        "INSERT INTO watches (camera_id, id, line_ids, zone_ids, classes, max_gap_us)
         VALUES ('{camera}', 1, '{{kerb}}', '{{crossing}}', '{{1,2}}', 2000000);
         INSERT INTO watched_15m SELECT '{camera}', {at}, 0, 1, 600000000;
         INSERT INTO counts_15m SELECT '{camera}', 'kerb', '', {at}, 0, 1, 2, 7"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ten_calls_of_the_documentation_do_what_they_say() {
    let bus = tokio::task::block_in_place(|| kafka().bus("ten-calls", 1));
    let api = Api::start_with(|config| {
        config.cameras.secrets_key = Secret::new("5".repeat(64));
        config.kafka = bus.config();
    })
    .await;
    let calls = calls();
    assert_eq!(calls.len(), 10);
    let home = folder("ten-calls");
    // The shell keeps its variables in a file between the calls, as a terminal does.
    let run = |script: &str| {
        let script = format!(
            "set -euo pipefail; set -a; [ ! -e state ] || . ./state; {script}\ndeclare -p SITE KEY CAMERA ETAG ALERT 2>/dev/null >state || true"
        );
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&home)
            .env("VRU", format!("http://{}", api.address))
            .env("PASSWORD", PASSWORD)
            .output()
            .expect("bash runs");
        assert!(output.status.success(), "{script}\n{output:?}");
        String::from_utf8(output.stdout).expect("a text")
    };
    let mut answers = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        if at == FIRST_SEARCH {
            let camera = run("printf %s $CAMERA");
            tokio::task::block_in_place(|| seed(&api, &camera));
        }
        answers.push(tokio::task::block_in_place(|| run(call)));
    }
    let json = |at: usize| serde_json::from_str::<Value>(&answers[at]).expect("JSON");
    assert_eq!(json(0)["user"]["name"], "Ada");
    assert_eq!(json(4)["settings"]["name"], "North gate");
    assert_eq!(json(4)["has_credentials"], true);
    assert_eq!(json(7)["state"], "acknowledged");
    let tracks = json(8);
    assert_eq!(tracks["items"].as_array().expect("tracks").len(), 1, "{tracks}");
    assert_eq!(tracks["items"][0]["class"], "cyclist");
    let table = &answers[9];
    assert!(table.lines().any(|line| line.contains(",kerb,,in,") && line.ends_with(",600,7")), "{table}");
    let log = api.query("SELECT action FROM audit_log WHERE key_id <> '' ORDER BY id");
    assert_eq!(log.concat()[..3], ["camera.create", "camera.change", "alert.acknowledge"], "{log:?}");
}
