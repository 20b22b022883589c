//! One trace follows one frame from the camera to its row, across Kafka, as an OTLP collector receives it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use vru_proto::v1;
use vru_runtime::test_util::{ServiceLaunch, wait_for};

use crate::pipeline::{DEADLINE, Pipeline, camera, short_clip, start};

const FRAMES: u64 = 30;

/// Trace id → the names of its spans, by service.
type Traces = BTreeMap<Vec<u8>, BTreeSet<(String, String)>>;

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Traces>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut traces = self.0.lock().unwrap();
        for spans in request.into_inner().resource_spans {
            let attributes = spans.resource.map(|resource| resource.attributes).unwrap_or_default();
            let name = attributes.into_iter().find(|attribute| attribute.key == "service.name");
            let service = match name.and_then(|attribute| attribute.value).and_then(|value| value.value) {
                Some(Value::StringValue(service)) => service,
                other => panic!("spans without service.name: {other:?}"),
            };
            for span in spans.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                traces.entry(span.trace_id).or_default().insert((service.clone(), span.name));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_follows_each_frame_from_camera_to_row() {
    // Bound before a service starts: no span is sent to a closed port.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let collector = Collector::default();
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(collector.clone()));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    tokio::task::block_in_place(|| process_a_file(port));
    let wanted = ["vru-ingest", "vru-infer", "vru-sink"].map(str::to_owned);
    let complete = |traces: &Traces| {
        let services = |spans: &BTreeSet<(String, String)>| -> BTreeSet<String> {
            spans.iter().map(|(service, _)| service.clone()).collect()
        };
        traces.values().filter(|spans| wanted.iter().all(|service| services(spans).contains(service))).count() as u64
    };
    tokio::task::block_in_place(|| {
        wait_for(DEADLINE, "a complete trace of each frame", || {
            let traces = collector.0.lock().unwrap();
            let complete_traces = complete(&traces);
            if complete_traces == FRAMES {
                Ok(())
            } else {
                Err(format!("{complete_traces} complete traces of {FRAMES} frames"))
            }
        });
    });
}

/// Runs a file through the pipeline until every frame is stored, then stops the services, which sends their last spans.
fn process_a_file(collector: u16) {
    let pipeline = Pipeline::new("traces", 1);
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
