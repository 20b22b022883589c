//! Waiting until everything in flight has arrived at the next stage.

use std::time::Duration;

use tokio::time::Instant;
use vru_runtime::kafka::Topics;

use crate::counts::PipelineCounts;
use crate::subscriber::Received;

/// How long data in flight may take to arrive at the next stage.
const ARRIVE_DEADLINE: Duration = Duration::from_secs(15);

/// Waits until inference reads partitions of frames of live cameras.
///
/// The embedded broker takes seconds to assign a group's first partitions; frames of that time would be too old.
pub(super) async fn partitions_assigned(topics: &Topics) {
    wait_for("the assignment of partitions to inference", || vru_infer::assigned_partitions(&topics.frames) > 0).await;
}

/// Waits until inference has finished with every published frame.
pub(super) async fn frames_settled() {
    wait_for("published frames at inference", || {
        let total = PipelineCounts::read().total();
        total.settled() >= total.published
    })
    .await;
}

/// Waits until every analysed frame has a row, and the subscriber has every alert.
pub(super) async fn results_stored(counts: &PipelineCounts, received: &Received) {
    let total = counts.total();
    wait_for("results at the sinks", || {
        let PipelineCounts { stored_frames, known_frames, .. } = PipelineCounts::read();
        stored_frames + known_frames >= total.inferred && received.count() >= total.alerts
    })
    .await;
}

/// Waits for the condition until the deadline. What has not arrived by then shows in the account.
async fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + ARRIVE_DEADLINE;
    while !condition() {
        if Instant::now() >= until {
            tracing::warn!(what, after = ?ARRIVE_DEADLINE, "gave up waiting");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
