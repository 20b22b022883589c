//! One trace follows one frame from the camera to its row, across Kafka, through the collector of production.

use std::collections::BTreeSet;

use vru_proto::v1;
use vru_runtime::test_util::{ServiceLaunch, wait_for};

use crate::pipeline::{DEADLINE, Pipeline, camera, short_clip, start};
use crate::support::collector::{Collector, Span};

const FRAMES: u64 = 30;

#[test]
fn one_trace_follows_each_frame_from_camera_to_row() {
    // It listens before a service starts: no span is sent to a closed port.
    let collector = Collector::start();
    let pipeline = Pipeline::new("traces", 1);
    process_a_file(&pipeline, collector.port);
    wait_for(DEADLINE, "a complete trace of each frame", || {
        let traces = collector.traces();
        let complete = traces.values().filter(|spans| is_whole(spans)).count() as u64;
        if complete == FRAMES { Ok(()) } else { Err(format!("{complete} complete traces of {FRAMES} frames")) }
    });
    // One frame, by its identity: what its spans say, and what its row has.
    let rows = pipeline.rows("select camera_id, session, sequence from frames order by sequence limit 1");
    let [camera, session, sequence] = rows[0].as_slice() else { panic!("{rows:?}") };
    let traces = collector.traces();
    let of_the_frame = |span: &Span| {
        let has = |key: &str, value: &str| span.attributes.get(key).is_some_and(|found| found == value);
        has("camera", camera) && has("session", session) && has("sequence", sequence)
    };
    let followed: Vec<_> = traces.iter().filter(|(_, spans)| spans.iter().any(of_the_frame)).collect();
    let [(trace, spans)] = followed.as_slice() else { panic!("{} traces of one frame", followed.len()) };
    assert_eq!(trace.len(), 32, "{trace}");
    let span = |service: &str, name: &str| {
        let found: Vec<_> = spans.iter().filter(|span| span.service == service && span.name == name).collect();
        let [span] = found.as_slice() else { panic!("{service} has {} spans {name} in {spans:#?}", found.len()) };
        *span
    };
    let (ingest, infer, store) =
        (span("vru-ingest", "ingest_frame"), span("vru-infer", "infer_frame"), span("vru-sink", "store"));
    assert_eq!(ingest.parent, "", "{ingest:?}");
    assert_eq!(infer.parent, ingest.id, "{spans:#?}");
    assert_eq!(store.parent, infer.id, "{spans:#?}");
    assert_eq!(store.attributes["sink"], "postgres");
}

/// Whether all three services have a span in it.
fn is_whole(spans: &BTreeSet<Span>) -> bool {
    ["vru-ingest", "vru-infer", "vru-sink"].iter().all(|service| spans.iter().any(|span| span.service == *service))
}

/// Runs a file through the pipeline until every frame is stored, then stops the services, which sends their last spans.
fn process_a_file(pipeline: &Pipeline, collector: u16) {
    let traced = |launch: ServiceLaunch| launch.set("telemetry.otlp_endpoint", format!("http://127.0.0.1:{collector}"));
    let sink = pipeline.sink().set("s3.enabled", "false");
    let services = start([traced(pipeline.ingest()), traced(pipeline.infer()), traced(sink)]);
    let path = short_clip(FRAMES).to_str().expect("a plain path").to_owned();
    let source = v1::camera_config::Source::File(v1::FileSource { path, ..Default::default() });
    pipeline.bus.put_camera(&camera("traced", source));
    pipeline.wait_for_count("all frames", "select count(*) from frames", FRAMES);
    for service in services {
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
    }
}
