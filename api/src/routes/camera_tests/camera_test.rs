//! A test as answers have it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use vru_storage::camera_tests::{self, Failure, Snapshot, State};
use vru_storage::postgres::PooledClient;

use crate::camera_tests::Seen;
use crate::http::Problem;
use crate::routes::text::time;

/// A picture that could not be blurred is never shown in its place.
const UNANSWERED: &str =
    "no inference worker has blurred the picture in time: none runs, none had time, or Kafka was away; test again";

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraTest {
    id: String,
    site_id: String,
    /// Absent for settings that are not saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    camera_id: Option<String>,
    state: TestState,
    #[schema(format = DateTime)]
    created_at: String,
    /// While it is `running`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// When it was `done` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// The host of ingest that tries the camera, or tried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// What the camera sends, when it is `done`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Seen>)]
    seen: Option<Value>,
    /// Why it has no picture although it is `done`: inference was to blur it, and could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_problem: Option<String>,
    /// Why it is `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<TestFailure>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum TestState {
    /// Nobody tries it yet.
    Pending,
    Running,
    /// The camera was seen.
    Done,
    Failed,
}

#[derive(Debug, Serialize, ToSchema)]
struct TestFailure {
    /// For programs: `unknown_host`, `network_not_allowed`, `no_route`, `port_closed`, `tls`, `password_missing`, `password_refused`,
    /// `unknown_path`, `unsupported_codec`, `no_video`, `timeout`, `no_ingest` and others.
    reason: String,
    /// How far the connection came: `lookup`, `connect`, `tls`, `request`, `video`, `picture`.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    /// For people.
    detail: String,
}

impl From<camera_tests::CameraTest> for CameraTest {
    fn from(test: camera_tests::CameraTest) -> Self {
        let camera_tests::CameraTest { id, site_id, camera_id, created_at, host, state } = test;
        let (mut started_at, mut finished_at, mut seen, mut failure) = (None, None, None, None);
        let mut snapshot_problem = None;
        let state = match state {
            State::Pending => TestState::Pending,
            State::Running { since } => {
                started_at = Some(time(since));
                TestState::Running
            }
            State::Seen { at, seen: stream, snapshot } => {
                (finished_at, seen) = (Some(time(at)), Some(stream));
                snapshot_problem = match snapshot {
                    Snapshot::There => None,
                    Snapshot::Missing(problem) => Some(problem),
                    Snapshot::Unanswered => Some(UNANSWERED.to_owned()),
                };
                TestState::Done
            }
            State::Failed { at, failure: Failure { reason, phase, error } } => {
                finished_at = Some(time(at));
                failure = Some(TestFailure { reason, phase: (!phase.is_empty()).then_some(phase), detail: error });
                TestState::Failed
            }
            State::Silent { since, started } => {
                let detail = if started {
                    "ingest tried the camera and has not told what came of it: it was stopped or killed, or Kafka was away; test again"
                } else {
                    "no ingest has tried the camera in time: none runs, none had time, or Kafka was away; test again"
                };
                finished_at = Some(time(since));
                failure = Some(TestFailure { reason: "no_ingest".to_owned(), phase: None, detail: detail.to_owned() });
                TestState::Failed
            }
        };
        let created_at = time(created_at);
        Self {
            id,
            site_id,
            camera_id,
            state,
            created_at,
            started_at,
            finished_at,
            host,
            seen,
            snapshot_problem,
            failure,
        }
    }
}

/// The test, for routes that answer with 404.
pub(super) async fn find(client: &PooledClient, site_id: &str, id: &str) -> Result<CameraTest, Problem> {
    let test = camera_tests::find(client, site_id, id).await?.ok_or_else(|| Problem::not_found("test"))?;
    Ok(test.into())
}
