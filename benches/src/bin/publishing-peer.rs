//! The peer of ingest with passthrough: the least that a program can do to bring a camera's access units to Kafka. It has
//! `rtspsrc ! rtph264depay ! h264parse ! appsink` for each camera, whose callback gives each access unit to one bare librdkafka
//! producer with our settings. It has no identities, no times, no metrics and no reconnection.
//!
//! Usage: `publishing-peer URL CAMERAS BOOTSTRAP TOPIC`

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, ProducerContext};

/// `BaseProducer::poll` spins through the last millisecond of a poll, so polls are long.
const POLL: Duration = Duration::from_secs(2);

struct Reports;

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            eprintln_error(&error.to_string());
        }
    }
}

#[expect(clippy::print_stderr, reason = "a peer of a bench reports on the terminal")]
fn eprintln_error(text: &str) {
    eprintln!("{text}");
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, cameras, bootstrap, topic] = args.as_slice() else {
        anyhow::bail!("usage: publishing-peer URL CAMERAS BOOTSTRAP TOPIC")
    };
    gstreamer::init()?;
    #[expect(clippy::disallowed_methods, reason = "the peer is a program without our code")]
    let producer: BaseProducer<Reports> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        .set("queue.buffering.max.ms", "0")
        .set("message.max.bytes", "8388608")
        .set("socket.nagle.disable", "true")
        .set("partitioner", "murmur2_random")
        .create_with_context(Reports)?;
    let producer = Arc::new(producer);
    let cameras: u32 = cameras.parse().context("CAMERAS is a number")?;
    ensure!(cameras > 0, "CAMERAS is at least 1");
    let pipelines =
        (0..cameras).map(|number| start(url, number, &producer, topic)).collect::<anyhow::Result<Vec<_>>>()?;
    loop {
        producer.poll(POLL);
        for pipeline in &pipelines {
            let bus = pipeline.bus().context("a pipeline has a bus")?;
            if let Some(message) = bus.pop_filtered(&[gstreamer::MessageType::Error, gstreamer::MessageType::Eos]) {
                anyhow::bail!("a camera ended: {message:?}");
            }
        }
    }
}

fn start(
    url: &str,
    number: u32,
    producer: &Arc<BaseProducer<Reports>>,
    topic: &str,
) -> anyhow::Result<gstreamer::Pipeline> {
    let launch = format!(
        "rtspsrc location={url} protocols=tcp latency=200 ! rtph264depay ! h264parse config-interval=-1 \
         ! video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=sink sync=false max-buffers=2 \
         enable-last-sample=false"
    );
    let pipeline = gstreamer::parse::launch(&launch)?.downcast::<gstreamer::Pipeline>();
    let pipeline = pipeline.map_err(|_| anyhow::anyhow!("the description is no pipeline"))?;
    let sink =
        pipeline.by_name("sink").and_then(|sink| sink.downcast::<AppSink>().ok()).context("it has an appsink")?;
    let (producer, topic, key) = (producer.clone(), topic.to_owned(), format!("camera-{number}"));
    let publish = move |sink: &AppSink| {
        let sample = sink.pull_sample().map_err(|_| gstreamer::FlowError::Eos)?;
        let buffer = sample.buffer().ok_or(gstreamer::FlowError::Error)?;
        let payload = buffer.map_readable().map_err(|_| gstreamer::FlowError::Error)?;
        let record = BaseRecord::to(&topic).key(key.as_str()).payload(payload.as_slice());
        producer.send(record).map_err(|_| gstreamer::FlowError::Error)?;
        Ok(gstreamer::FlowSuccess::Ok)
    };
    sink.set_callbacks(AppSinkCallbacks::builder().new_sample(publish).build());
    pipeline.set_state(gstreamer::State::Playing)?;
    Ok(pipeline)
}
