//! The member of the group that takes tests, one after the other, and makes a few at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use vru_proto::CameraId;
use vru_proto::v1::camera_test_report::Outcome;
use vru_proto::v1::{CameraTest, StartedTest};
use vru_proto::validate::read_camera_test;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{Committer, ConsumerOptions, Event, GroupConsumer, KafkaFailure, Record};
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};

use super::context::TestContext;
use super::failure::untried;
use super::look::look;
use super::reports::Reports;
use crate::counts;
use crate::metrics::CAMERA_TESTS;

/// Tests that wait for their turn here. Others are refused.
const MAX_WAITING: usize = 16;
const PREFETCH: usize = 1024 * 1024;
/// Tests are rare, and a person who asked for one waits seconds for the camera anyway.
const FETCH_WAIT: Duration = Duration::from_millis(500);
/// Kafka answers within that, or the test is not made.
const COMMIT: Duration = Duration::from_secs(5);
/// Between two tries to take a test.
const COMMIT_AGAIN: BackoffConfig = BackoffConfig { initial: Duration::from_millis(200), max: Duration::from_secs(2) };
/// Within the deadline of the service.
const REPORT_AT_STOP: Duration = Duration::from_secs(4);

/// Until the stop.
pub(crate) async fn run(context: TestContext, stop: CancellationToken) {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        if let Err(error) = take_tests(&context, &stop).await {
            tracing::warn!(error = %chain(&error), "cameras cannot be tested; trying again");
        }
        if !backoff.wait(&stop).await {
            return;
        }
    }
}

/// One membership of the group.
async fn take_tests(context: &TestContext, stop: &CancellationToken) -> Result<(), KafkaFailure> {
    let config = &context.config;
    let reports = Arc::new(Reports::new(&config.kafka)?);
    let topic = config.kafka.topics().camera_tests;
    let mut options = ConsumerOptions::new(&config.camera_tests.group, &[&topic]);
    options.prefetch_bytes = PREFETCH;
    options.fetch_wait = FETCH_WAIT;
    let mut group = GroupConsumer::start(&config.kafka, &options)?;
    let mut tester = Tester {
        context: context.clone(),
        committer: group.committer(),
        reports,
        waiting: VecDeque::new(),
        running: JoinSet::new(),
        stop: stop.clone(),
        commits: Backoff::new(COMMIT_AGAIN),
        not_before: Instant::now(),
    };
    tester.follow(&mut group).await;
    // What waits is not committed: another pod tries it.
    let reported = async { while tester.running.join_next().await.is_some() {} };
    if tokio::time::timeout(REPORT_AT_STOP, reported).await.is_err() {
        tracing::warn!("tests of cameras did not end in time");
    }
    // It joins a thread.
    if let Err(error) = tokio::task::spawn_blocking(move || drop(group)).await {
        tracing::error!(error = %chain(&error), "leaving the group of tests failed");
    }
    Ok(())
}

struct Tester {
    context: TestContext,
    committer: Committer,
    reports: Arc<Reports>,
    /// Of partitions that this member has, not committed.
    waiting: VecDeque<Record>,
    running: JoinSet<()>,
    stop: CancellationToken,
    /// Of commits that failed.
    commits: Backoff,
    /// When the next test may be taken.
    not_before: Instant,
}

/// What became of a test that this member wants to make.
enum Taken {
    Mine(CameraId, Box<CameraTest>),
    /// It is not made here.
    Gone,
    /// Kafka did not take the offset, as while the members of the group change. It is this member's still, or is revoked soon.
    Later(Record),
}

impl Tester {
    async fn follow(&mut self, group: &mut GroupConsumer) {
        loop {
            while self.running.len() < self.context.config.camera_tests.concurrent
                && Instant::now() >= self.not_before
                && let Some(record) = self.waiting.pop_front()
            {
                self.start(record).await;
            }
            let may_take_again = tokio::time::sleep_until(self.not_before);
            let event = tokio::select! {
                () = self.stop.cancelled() => return,
                Some(_) = self.running.join_next() => continue,
                () = may_take_again, if Instant::now() < self.not_before => continue,
                event = group.next() => event,
            };
            match event {
                None => return,
                Some(Event::Assigned(_)) => {}
                Some(Event::Record(record)) if self.waiting.len() >= MAX_WAITING => self.refuse(record).await,
                Some(Event::Record(record)) => self.waiting.push_back(record),
                // The next owner reads them again.
                Some(Event::Revoked(revoked)) => {
                    self.waiting.retain(|record| !revoked.partitions.contains(&record.partition));
                }
            }
        }
    }

    /// Makes the test this member's: nobody else will make it, also if this process is killed the next moment.
    async fn take(&mut self, record: Record) -> Taken {
        let (committer, next) = (self.committer.clone(), vec![(record.partition.clone(), record.offset + 1)]);
        let committing = tokio::task::spawn_blocking(move || committer.commit(&next, true));
        let committed = tokio::select! {
            committed = tokio::time::timeout(COMMIT, committing) => committed,
            () = self.stop.cancelled() => return Taken::Gone,
        };
        match committed {
            Ok(Ok(Ok(()))) => self.commits.reset(),
            Ok(Ok(Err(error))) => {
                tracing::warn!(error = %chain(&error), "the test of a camera waits: Kafka did not take its offset");
                return Taken::Later(record);
            }
            // The task does not panic. A commit that is made after all takes the test from everybody, and it fails at its end.
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(after = ?COMMIT, "the test of a camera is not made: Kafka does not answer");
                return Taken::Gone;
            }
        }
        match read_camera_test(record.payload.clone().unwrap_or_default()) {
            Ok((id, test)) => Taken::Mine(id, Box::new(test)),
            Err(error) => {
                CAMERA_TESTS.with_label_values(&["invalid"]).inc();
                tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not a test of a camera");
                Taken::Gone
            }
        }
    }

    fn wait(&mut self, record: Record) {
        self.waiting.push_front(record);
        self.not_before = Instant::now() + self.commits.next_delay();
    }

    async fn refuse(&mut self, record: Record) {
        let id = match self.take(record).await {
            Taken::Mine(id, _) => id,
            // It fails at its end.
            Taken::Gone | Taken::Later(_) => return,
        };
        let text = format!("{MAX_WAITING} other tests of cameras wait at this host; test again later");
        self.report(id, Outcome::Failed(untried("busy", text)));
    }

    async fn start(&mut self, record: Record) {
        let (id, test) = match self.take(record).await {
            Taken::Mine(id, test) => (id, test),
            Taken::Gone => return,
            Taken::Later(record) => return self.wait(record),
        };
        let late_us = now_us().saturating_sub(test.start_before_us);
        if late_us > 0 {
            let text = format!(
                "the test came to its turn {:.1} s too late: other tests were before it, or no ingest was there, or the clocks of the \
                 hosts differ; test again",
                late_us as f64 / 1e6
            );
            self.report(id, Outcome::Failed(untried("late", text)));
            return;
        }
        let (context, reports, stop) = (self.context.clone(), self.reports.clone(), self.stop.clone());
        let span = tracing::info_span!("camera test", test = %id);
        let testing = async move {
            reports.send(id.as_str(), Outcome::Started(StartedTest {})).await;
            let outcome = look(id.clone(), &test, &context, &stop).await;
            counts::forget_test(id.as_str());
            log_and_count(&outcome);
            match outcome {
                Outcome::Seen(seen) if !test.unblurred => reports.send_to_be_blurred(id.as_str(), seen).await,
                outcome => reports.send(id.as_str(), outcome).await,
            }
        };
        self.running.spawn(testing.instrument(span));
    }

    fn report(&mut self, id: CameraId, outcome: Outcome) {
        let reports = self.reports.clone();
        log_and_count(&outcome);
        self.running.spawn(async move { reports.send(id.as_str(), outcome).await });
    }
}

fn log_and_count(outcome: &Outcome) {
    let result = match outcome {
        Outcome::Started(_) | Outcome::Picture(_) => return,
        Outcome::Seen(seen) => {
            tracing::info!(codec = seen.codec, width = seen.width, height = seen.height, "a camera was tested");
            "seen"
        }
        Outcome::Failed(failed) => {
            tracing::info!(
                reason = failed.reason,
                phase = failed.phase,
                text = failed.text,
                "the test of a camera failed"
            );
            "failed"
        }
    };
    CAMERA_TESTS.with_label_values(&[result]).inc();
}
