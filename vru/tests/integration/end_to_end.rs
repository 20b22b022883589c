//! Cameras of every kind at once reach PostgreSQL, S3 and a gRPC subscriber, and all counts balance.

use std::collections::BTreeSet;

use vru_proto::v1;
use vru_runtime::test_util::{
    Codec, FfmpegCamera, Launch, Metrics, Process, Topic, folder, postgres, require_asset, wait_for,
};

use crate::camera_server::CameraServer;
use crate::pipeline::{DEADLINE, Pipeline, camera, frames_of, pull, push, start, wait_for_cameras_to_stop};
use crate::store::{BucketContents, probe_video};
use crate::subscriber::{self, Subscriber};

/// Rows of frames that each camera must have before the cameras are stopped.
const FRAMES: u64 = 6;
const USER: &str = "camera";
const PASSWORD: &str = "pass-word";

/// How a camera connects and encodes, and what ingest publishes of it.
#[derive(Debug, Clone, Copy)]
struct CameraKind {
    pushes: bool,
    codec: Codec,
    passthrough: bool,
}

impl CameraKind {
    fn all() -> Vec<Self> {
        let flags = [false, true];
        let codecs = [Codec::H264, Codec::H265];
        let kinds = flags.iter().flat_map(|&pushes| {
            codecs.iter().flat_map(move |&codec| flags.map(|passthrough| Self { pushes, codec, passthrough }))
        });
        kinds.collect()
    }

    fn id(self) -> String {
        let way = if self.pushes { "push" } else { "pull" };
        let published = if self.passthrough { "as-is" } else { "jpeg" };
        format!("{way}-{:?}-{published}", self.codec).to_lowercase()
    }

    fn encoding(self) -> v1::Encoding {
        match (self.passthrough, self.codec) {
            (false, _) => v1::Encoding::Jpeg,
            (true, Codec::H264) => v1::Encoding::H264,
            (true, Codec::H265) => v1::Encoding::H265,
        }
    }

    fn config(self, server: &CameraServer) -> v1::CameraConfig {
        let name = format!("{:?}", self.codec).to_lowercase();
        let credentials = v1::Credentials { username: USER.to_owned(), password: PASSWORD.to_owned() };
        let source = if self.pushes {
            v1::camera_config::Source::Push(v1::PushSource {
                path: self.id(),
                credentials: Some(credentials),
                allow_anonymous: false,
            })
        } else {
            pull(server.url(&name))
        };
        let mut config = camera(&self.id(), source);
        config.output = Some(v1::Output { encoding: self.encoding().into(), max_fps: 2.0, ..Default::default() });
        config
    }
}

/// Removes each camera once its frames and an alert are stored. On a busy machine eight cameras leave each of them so few analysed frames
/// that no object can be followed; with each camera that stops, the others get more.
fn stop_each_that_has_frames_and_an_alert(pipeline: &Pipeline) {
    let mut running = CameraKind::all();
    wait_for(DEADLINE, "frames and an alert of each camera", || {
        let sql = format!(
            "select camera_id from frames group by camera_id having count(*) >= {FRAMES} intersect select camera_id from alerts"
        );
        let complete: BTreeSet<String> = pipeline.try_rows(&sql).into_iter().flatten().collect();
        running.retain(|kind| {
            let is_complete = complete.contains(&kind.id());
            if is_complete {
                pipeline.bus.remove_camera(&kind.id());
            }
            !is_complete
        });
        if running.is_empty() {
            return Ok(());
        }
        let stored = pipeline.try_rows("select camera_id, count(*) from frames group by camera_id");
        Err(format!("without: {:?}; frames: {stored:?}", running.iter().map(|kind| kind.id()).collect::<Vec<_>>()))
    });
}

/// For one camera, at each stage: frames in = frames out + drops by reason.
fn assert_counts_balance(id: &str, ingest: &Metrics, infer: &Metrics, pipeline: &Pipeline) {
    let camera = [("camera", id)];
    let frames = frames_of(&pipeline.bus, id);
    let published = frames.len() as u64;
    let received = ingest.count("ingest_received_frames_total", &camera);
    let dropped = ingest.count("ingest_dropped_frames_total", &camera);
    let sent = ingest.count("ingest_sent_frames_total", &camera);
    assert!(received > 0);
    assert_eq!(received, sent + dropped, "{id}: counts of ingest");
    assert_eq!(published, sent, "{id}: frames that ingest sent are on Kafka");

    let taken = infer.count("infer_received_frames_total", &camera);
    let reference = infer.count("infer_reference_frames_total", &camera);
    let dropped = infer.count("infer_dropped_frames_total", &camera);
    let analysed = infer.count("infer_sent_frames_total", &camera);
    assert_eq!(taken, published, "{id}: infer received every frame on Kafka");
    assert_eq!(taken, analysed + reference + dropped, "{id}: counts of infer");
    assert_eq!(infer.count("infer_sequence_gap_frames_total", &camera), 0, "{id}: gaps");

    let rows = pipeline.count(&format!("select count(*) from frames where camera_id = '{id}'"));
    let identities = format!("select count(distinct (session, sequence)) from frames where camera_id = '{id}'");
    assert_eq!(rows, analysed, "{id}: rows");
    assert_eq!(pipeline.count(&identities), rows, "{id}: each frame once");
    let objects = pipeline.count(&format!("select count(*) from detections where camera_id = '{id}'"));
    assert_eq!(objects, infer.count("infer_sent_objects_total", &camera), "{id}: detections");
    assert!(objects > 0, "{id}: no object was detected");
}

fn assert_encodings(kind: CameraKind, pipeline: &Pipeline) {
    let frames = frames_of(&pipeline.bus, &kind.id());
    assert!(frames.iter().all(|frame| frame.encoding() == kind.encoding()), "{kind:?}: {:?}", frames[0].encoding());
    assert!(frames.iter().all(|frame| (frame.source_width, frame.source_height) == (768, 576)), "{kind:?}");
    assert!(frames[0].key_frame, "{kind:?}: the first frame is no key frame");
}

/// grpcurl finds the service by reflection, and receives the alerts after a token.
fn assert_grpcurl(pipeline: &Pipeline, token: &str, expected: usize) {
    let address = format!("127.0.0.1:{}", pipeline.grpc_port);
    let bearer = format!("authorization: Bearer {}", subscriber::token());
    let grpcurl = |args: &[&str]| {
        Launch::new(require_asset("bin/grpcurl"), folder("grpcurl").join("output"))
            .args(["-plaintext", "-H", &bearer])
            .args(args)
            .spawn()
    };
    let list = grpcurl(&[&address, "list"]);
    assert!(list.wait(DEADLINE).success(), "{}", list.log());
    for service in ["vru.v1.Alerts", "grpc.health.v1.Health"] {
        assert!(list.log().lines().any(|line| line == service), "{service} is not in: {}", list.log());
    }
    let request = format!("{{\"resume_token\": \"{token}\", \"states\": [\"ALERT_STATE_RAISED\"]}}");
    let stream = grpcurl(&["-d", &request, &address, "vru.v1.Alerts/Subscribe"]);
    // The server sends a heartbeat when it has no more alerts to send.
    let received = wait_for(DEADLINE, "a heartbeat behind the alerts at grpcurl", || {
        let log = stream.log();
        let alerts = log.matches("\"ruleId\": \"somebody-there\"").count();
        let last = log.rfind("\"ruleId\"").unwrap_or(0);
        if alerts >= expected && log[last..].contains("\"heartbeat\"") { Ok(alerts) } else { Err(stream.log_tail()) }
    });
    assert_eq!(received, expected, "{}", stream.log_tail());
}

#[test]
fn pull_and_push_h264_and_h265_jpeg_and_passthrough_reach_every_sink() {
    let server = CameraServer::start();
    server.clip("h264", Codec::H264);
    server.clip("h265", Codec::H265);
    let pipeline = Pipeline::new("all", 3);
    let [ingest, infer, sink] = start([pipeline.ingest(), pipeline.infer(), pipeline.sink()]);
    let subscriber = Subscriber::connect(pipeline.grpc_port, v1::SubscribeRequest::default());
    let first_token = subscriber.last_token();

    let mut pushing: Vec<Process> = Vec::new();
    for kind in CameraKind::all() {
        pipeline.bus.put_camera(&kind.config(&server));
        if kind.pushes {
            let url = format!("rtsp://{USER}:{PASSWORD}@127.0.0.1:{}/{}", pipeline.push_port, kind.id());
            pushing.push(push(&ingest, &kind.id(), &FfmpegCamera::new(kind.codec, url)));
        }
    }
    stop_each_that_has_frames_and_an_alert(&pipeline);

    // The sources have stopped; frames in flight are processed.
    wait_for_cameras_to_stop(&ingest);
    pipeline.wait_until_read("infer", Topic::Frames, &infer);
    let analysed = pipeline.bus.written(Topic::Detections);
    let mut alerts: Vec<v1::Alert> = pipeline.bus.messages(Topic::Alerts);
    // An end is repeated with the camera's next frame until it is acknowledged.
    let ended: BTreeSet<String> = alerts.iter().filter(|alert| alert.is_end()).map(|alert| alert.id.clone()).collect();
    alerts.retain(v1::Alert::is_raised);
    let raised = alerts.len() as u64;
    pipeline.wait_for_count("every frame in the database", "select count(*) from frames", analysed);
    pipeline.wait_for_count("every alert in the database", "select count(*) from alerts", raised);
    let ends = "select count(*) from alerts where ended_at is not null";
    pipeline.wait_for_count("every end in the database", ends, ended.len() as u64);
    let (in_ingest, in_infer) = (ingest.metrics(), infer.metrics());
    for kind in CameraKind::all() {
        assert_encodings(kind, &pipeline);
        assert_counts_balance(&kind.id(), &in_ingest, &in_infer, &pipeline);
    }

    let ids: BTreeSet<String> = alerts.iter().map(|alert| alert.id.clone()).collect();
    assert_eq!(ids.len(), alerts.len(), "an alert was published twice");
    assert_eq!(alerts.len() as u64, in_infer.count("infer_sent_alerts_total", &[]));
    let rows = postgres().query(&pipeline.database, "select id from alerts");
    assert_eq!(rows.into_iter().flatten().collect::<BTreeSet<_>>(), ids);
    wait_for(DEADLINE, "the subscriber to have every alert", || {
        let received = subscriber.alerts().len();
        if received >= ids.len() { Ok(()) } else { Err(format!("{received} of {}", ids.len())) }
    });
    let received = subscriber.alerts();
    assert_eq!(received.iter().map(|alert| alert.id.clone()).collect::<BTreeSet<_>>(), ids);
    assert_eq!(received.len(), ids.len(), "the subscriber received an alert twice");
    assert_grpcurl(&pipeline, &first_token, ids.len());

    wait_for(DEADLINE, "all objects to be stored", || {
        let metrics = sink.metrics();
        let frames = metrics.count("sink_stored_frames_total", &[("sink", "s3")]);
        let clips = metrics.count("sink_clips_total", &[]);
        if frames >= analysed && clips >= ids.len() as u64 { Ok(()) } else { Err(format!("{frames}, {clips}")) }
    });
    let store = BucketContents::read(&pipeline.bucket);
    assert_eq!(store.frames, analysed, "frames in Parquet");
    assert_eq!(store.detections, pipeline.count("select count(*) from detections"), "detections in Parquet");
    assert_eq!(store.snapshots.len(), ids.len(), "each alert has a snapshot");
    for alert in &alerts {
        let snapshot =
            store.snapshots.get(&alert.snapshot_key).unwrap_or_else(|| panic!("{} is missing", alert.snapshot_key));
        assert_eq!(*snapshot, alert.snapshot, "the stored snapshot differs from the alert's");
        let clip = store.clips.get(&alert.clip_key).unwrap_or_else(|| panic!("{} is missing", alert.clip_key));
        let video = probe_video(clip);
        assert!(video.frames >= 2 && video.seconds > 0.4, "{}: {video:?}", alert.clip_key);
    }

    for service in [&ingest, &infer, &sink] {
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
    }
}
