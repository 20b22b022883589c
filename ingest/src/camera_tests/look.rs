//! One test: connects to the camera, and tells what it sees.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::camera_url;
use vru_proto::v1::camera_config::Source;
use vru_proto::v1::camera_test_report::Outcome;
use vru_proto::v1::{CameraConfig, CameraTest, Encoding, FailedTest, Output, PullSource, RtspTransport, SeenStream};
use vru_proto::validate::{MAX_SNAPSHOT_BYTES, MAX_SNAPSHOT_SIDE};
use vru_runtime::cameras::References;
use vru_runtime::report::chain;

use super::context::TestContext;
use super::failure::{of_source, timed_out, untried};
use super::pictures::{Pictured, Pictures};
use crate::camera_login::CameraLogin;
use crate::source::{CameraSession, Facts, OutputPlan, Seen, SessionIds, SourceContext, pull, shrink};

/// The rate is measured for so long after the first picture.
const MEASURE: Duration = Duration::from_secs(2);
/// Cameras send a sender report every five seconds, give or take a half.
const WAIT_FOR_CLOCK: Duration = Duration::from_secs(8);
/// All streams of a description are offered within that.
const OFFERED: Duration = Duration::from_secs(2);
const CHECK: Duration = Duration::from_millis(50);
/// What closes a connection has a deadline of its own, which is shorter.
const CLOSE: Duration = Duration::from_secs(5);

/// Of the text for people, in bytes.
const LONGEST_TEXT: usize = 2_000;

/// Of the snapshot.
const SNAPSHOT_QUALITY: u32 = 80;
/// So that a slow host has time for the stream.
const PICTURES_PER_SECOND: f64 = 1.0;

/// Tries the camera for the time that the test says, or until `stop`.
pub(super) async fn look(id: CameraId, test: &CameraTest, context: &TestContext, stop: &CancellationToken) -> Outcome {
    let after = Duration::from_millis(test.timeout_ms.into());
    let Some((camera, Source::Pull(source))) =
        test.camera.as_ref().and_then(|camera| Some((camera, camera.source.as_ref()?)))
    else {
        // Validated where it was read.
        return Outcome::Failed(untried("invalid", "only a camera that ingest connects to can be tested"));
    };
    let plan = match OutputPlan::new(Some(&snapshot_output(camera)), &context.pipelines) {
        Ok(plan) => plan,
        Err(error) => return Outcome::Failed(untried("pipeline", chain(&error).to_string())),
    };
    let mut config = (*context.config).clone();
    (config.pull.open_timeout, config.live.stall_timeout) = (after, after);
    let login = Arc::new(CameraLogin::new(References::new(&context.config.cameras)));
    let (sink, pictures) = Pictures::new();
    let session = SessionIds::default().allocate();
    let session = Arc::new(CameraSession::new(id.clone(), session, sink, config.live.clock_tolerance));
    let shutdowns = context.shutdowns.clone();
    let source_context =
        SourceContext { camera: id, plan, config: Arc::new(config), login: login.clone(), shutdowns, objects: None };
    let outcome = watch_it(source, &source_context, session, pictures, after, stop).await;
    masked(outcome, &login)
}

/// Whatever the camera is published as, a person looks at a JPEG.
fn snapshot_output(camera: &CameraConfig) -> Output {
    let output = camera.output.clone().unwrap_or_default();
    let passed_through = matches!(output.encoding(), Encoding::H264 | Encoding::H265);
    Output {
        encoding: Encoding::Jpeg.into(),
        max_fps: PICTURES_PER_SECOND,
        max_width: MAX_SNAPSHOT_SIDE,
        max_height: MAX_SNAPSHOT_SIDE,
        jpeg_quality: SNAPSHOT_QUALITY,
        pipeline: if passed_through { String::new() } else { output.pipeline },
    }
}

async fn watch_it(
    source: &PullSource,
    context: &SourceContext,
    session: Arc<CameraSession>,
    pictures: watch::Receiver<Option<Pictured>>,
    after: Duration,
    stop: &CancellationToken,
) -> Outcome {
    let (started, facts) = (Instant::now(), session.facts());
    let close = CancellationToken::new();
    let mut streaming = Box::pin(pull::stream(source, context, session, &close));
    let mut ended = None;
    tokio::select! {
        result = &mut streaming => ended = Some(result),
        () = everything_is_known(pictures.clone(), &facts) => {}
        () = nothing_can_be_used(&facts) => {}
        () = tokio::time::sleep(after) => {}
        () = stop.cancelled() => {}
    }
    let pictured = pictures.borrow().clone();
    let outcome = match (pictured, &ended) {
        (Some(pictured), _) => seen(pictured, started, source, facts.seen()),
        (None, Some(Err(error))) => Outcome::Failed(of_source(error, after, &facts)),
        (None, _) if stop.is_cancelled() => {
            Outcome::Failed(untried("stopped", "the service that tried the camera is being stopped; test again"))
        }
        (None, _) => Outcome::Failed(timed_out(&camera_url::shown(&source.url), after, &facts)),
    };
    close.cancel();
    // It says goodbye to the camera.
    if ended.is_none() && tokio::time::timeout(CLOSE, streaming).await.is_err() {
        tracing::warn!(camera = %context.camera, "the connection of a test was not closed in time");
    }
    outcome
}

async fn everything_is_known(mut pictures: watch::Receiver<Option<Pictured>>, facts: &Facts) {
    if pictures.wait_for(Option::is_some).await.is_err() {
        // The connection has ended, which is seen elsewhere.
        return std::future::pending().await;
    }
    let first = pictures.borrow().as_ref().map_or_else(Instant::now, |pictured| pictured.first);
    loop {
        let (passed, rate) = (first.elapsed(), facts.seen().frames_per_second);
        let measured = passed >= MEASURE && rate > 0.0;
        if passed >= WAIT_FOR_CLOCK || (measured && facts.has_clock()) {
            return;
        }
        tokio::time::sleep(CHECK).await;
    }
}

/// Streams are offered one by one, and the video may come after the sound.
async fn nothing_can_be_used(facts: &Facts) {
    let mut offered = Duration::ZERO;
    while offered < OFFERED {
        tokio::time::sleep(CHECK).await;
        offered = if facts.unusable_streams().is_some() { offered + CHECK } else { Duration::ZERO };
    }
}

fn seen(pictured: Pictured, started: Instant, source: &PullSource, seen: Seen) -> Outcome {
    let Pictured { first, jpeg, size } = pictured;
    let snapshot = if jpeg.len() <= MAX_SNAPSHOT_BYTES {
        jpeg
    } else {
        match shrink::to_fit(&jpeg, Encoding::Jpeg, MAX_SNAPSHOT_BYTES) {
            Some((jpeg, _)) => jpeg,
            None => return Outcome::Failed(untried("picture", "the camera's picture cannot be made small enough")),
        }
    };
    let transport = match source.transport() {
        RtspTransport::Unspecified => RtspTransport::Tcp,
        transport => transport,
    };
    let Seen { codec, profile, server, frames_per_second, clock_ahead_us } = seen;
    Outcome::Seen(SeenStream {
        codec: codec.to_owned(),
        profile,
        width: size.0,
        height: size.1,
        frames_per_second,
        clock_ahead_us,
        transport: transport.into(),
        server,
        first_picture_ms: u32::try_from(first.duration_since(started).as_millis()).unwrap_or(u32::MAX),
        snapshot,
        picture_follows: false,
    })
}

/// Everything that a camera says may repeat its secrets.
fn masked(outcome: Outcome, login: &CameraLogin) -> Outcome {
    let clean = |text: &str| {
        let mut text: String = login.mask(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        text
    };
    match outcome {
        Outcome::Seen(seen) => Outcome::Seen(SeenStream { server: login.mask(&seen.server), ..seen }),
        Outcome::Failed(failed) => Outcome::Failed(FailedTest { text: clean(&failed.text), ..failed }),
        other @ (Outcome::Started(_) | Outcome::Picture(_)) => other,
    }
}
